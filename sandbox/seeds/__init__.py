"""What sample companies are made of: kinds of company, places, names, dirt and deals."""

from __future__ import annotations
