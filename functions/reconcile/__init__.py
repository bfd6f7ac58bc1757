"""The hourly sweep, which finds and corrects what events missed."""
