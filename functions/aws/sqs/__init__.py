"""SQS: how a function handles a batch, and the queues between functions."""
