"""The sweep: whatever events missed is found and put right, hour by hour."""
