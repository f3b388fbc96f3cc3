"""The console: what a person sees of this gateway in a browser, and changes there (feature O5).

Pages are made here, from templates; a script moves only what changes while one looks. Nothing of it is
loaded before somebody asks for it, and a request pays for it only while somebody looks: one attribute.
"""
