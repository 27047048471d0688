"""Part of framewise."""
