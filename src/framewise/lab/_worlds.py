"""All video skills by name."""

from framewise.lab._events import Events, Final, Order
from framewise.lab._motion import Direction, Speed, World

WORLDS: dict[str, type[World]] = {world.skill: world for world in (Direction, Order, Events, Speed, Final)}
