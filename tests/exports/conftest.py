"""What pytest leaves alone in this folder."""

# Programs of the trainers' own environments, whose modules are not installed here.
collect_ignore = ["loaders"]
