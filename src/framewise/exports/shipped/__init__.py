"""Programs that exports take along; each runs without Framewise, beside the trainer that it is for."""
