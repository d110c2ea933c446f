"""From confidence to a decision: thresholds learnt from labelled questions."""
