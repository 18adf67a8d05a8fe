"""Token ids `(B, L)` to states `(B, L, C)`; one file per encoder."""
