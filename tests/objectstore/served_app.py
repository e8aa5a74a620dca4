"""What the real servers run: a bucket, named by the environment."""

from __future__ import annotations

import os

from rangeserve.objectstore import ObjectStoreApp, open_store

store = open_store(
    os.environ["RANGESERVE_TEST_STORE"],
    endpoint=os.environ["RANGESERVE_TEST_ENDPOINT"],
    region="us-east-1",
    access_key_id="testing",
    secret_access_key="testing",
    virtual_hosted_style_request=False,
    client_options={"allow_http": True},
)
app = ObjectStoreApp(store)
