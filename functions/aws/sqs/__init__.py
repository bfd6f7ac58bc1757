"""SQS: how a function takes a batch, and the queues on which functions hand work to each other."""
