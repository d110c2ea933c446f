"""The dialogue manager, through `decide`."""
