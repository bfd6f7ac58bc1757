"""Decisions: plain values in, plain values with reasons out. No AWS, no clock, no environment, no other package."""
