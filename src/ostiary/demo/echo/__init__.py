"""The service behind the demo gateway: it answers what it was asked, in the shape of httpbin.

`answer` builds the JSON from values, `app` is the Starlette application, `python -m ostiary.demo.echo` runs it.
"""
