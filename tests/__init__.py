"""Tests of Relais."""
