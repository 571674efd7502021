"""One file for each way of tagging a folder of photos in bulk, all with one command line.

    python -m benchmarks.peers.plain PHOTOS --model M.pt --classes C.txt --out rows.parquet

Each is written as somebody who knows the library would write it, after that library's own examples,
and answers with one line of JSON. `interface` is the command line; nothing else is shared.
"""
