"""Whether giving up candidates keeps the winner: real score matrices replayed, and live tuning."""
