"""The whole site as files that any web server, or none, can show.

The real application is asked for every page that can be reached; links become relative.
"""
