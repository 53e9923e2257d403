"""Peers: other implementations of EM, each behind an adapter that looks like ``GaussianMixture``.

What runs here is in the environment that ``tests/peers.json`` names for a peer: a current Python, numpy, and the peer.
"""
