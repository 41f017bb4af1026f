"""Fixtures of programs."""

from __future__ import annotations

from program_fixtures import real_layouts, real_questions, world_kinds, world_lexicon, world_questions, world_scenes

__all__ = ["real_layouts", "real_questions", "world_kinds", "world_lexicon", "world_questions", "world_scenes"]
