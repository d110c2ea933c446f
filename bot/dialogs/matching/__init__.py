"""Which of the offered answers the words mean."""
