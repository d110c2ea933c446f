"""The desk: cases, the queue, and what agents do."""
