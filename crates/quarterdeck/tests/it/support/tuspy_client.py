"""Uploads a file with tuspy, as its documentation says, and prints the upload's address.

python3 tuspy_client.py ENDPOINT FILE NAME plain|cut|checksum      (the token in TOKEN)
"""

import os
import sys

from tusclient.client import TusClient
from tusclient.storage.filestorage import FileStorage

endpoint, file, name, mode = sys.argv[1:]
client = TusClient(endpoint, headers={"Authorization": "Bearer " + os.environ["TOKEN"]})


def uploader():
    return client.uploader(
        file,
        chunk_size=700_001,
        metadata={"filename": name, "kind": "mesh"},
        store_url=True,
        url_storage=FileStorage(file + ".urls"),
        upload_checksum=mode == "checksum",
        retries=3,
        retry_delay=1,
    )


if mode == "cut":
    uploader().upload(stop_at=os.path.getsize(file) // 2)
whole = uploader()
if mode == "cut" and whole.offset == 0:
    sys.exit("nothing was resumed")
whole.upload()
print(whole.url)
