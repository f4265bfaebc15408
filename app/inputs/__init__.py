"""What a user names or drops: folders, patterns, addresses and files, and whether a file is a picture or a clip.

Nothing is imported here.
"""
