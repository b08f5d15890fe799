"""`tiny_image.py STATE FOLDER`: makes sure that a running cloud has the guest image of FOLDER as its public image `tiny`.

An upload that was interrupted is done again; an earlier build of the image steps aside under another name, since
servers may stand on it.
"""

import pathlib
import sys
import urllib.parse

import cloud
from cloud import CloudError

PROPERTY = "guest_image"   # which build it is


def ensure(api, folder, name="tiny"):
    """The image's id, and whether it had to be uploaded."""
    build = folder.name
    for image in api.get(f"/image/v2/images?name={urllib.parse.quote(name)}")["images"]:
        if image["status"] == "active" and image.get(PROPERTY) == build:
            return image["id"], False
        if image["status"] == "active":
            old = image.get(PROPERTY) or image["id"][:8]
            change = [{"op": "replace", "path": "/name", "value": f"{name}-{old}"}]
            api.call("PATCH", f"/image/v2/images/{image['id']}", change,
                     {"Content-Type": "application/openstack-images-v2.1-json-patch"})
        else:
            api.call("DELETE", f"/image/v2/images/{image['id']}")
    image = api.call("POST", "/image/v2/images", {
        "name": name, "visibility": "public", "disk_format": "qcow2", "container_format": "bare", "min_ram": 96,
        "os_type": "linux", "os_admin_user": "root", "hw_disk_bus": "virtio", "hw_vif_model": "virtio",
        PROPERTY: build})
    api.call("PUT", f"/image/v2/images/{image['id']}/file", (folder / "tiny.qcow2").read_bytes(),
             {"Content-Type": "application/octet-stream"})
    status = api.get(f"/image/v2/images/{image['id']}")["status"]
    if status != "active":
        raise CloudError(f"image {image['id']} is {status} after its upload, not active")
    return image["id"], True


def main():
    state, folder = map(pathlib.Path, sys.argv[1:3])
    api = cloud.Api.of_state(state)
    image, new = ensure(api, folder.resolve())
    flavors = api.get("/compute/v2.1/flavors")["flavors"]
    networks = api.get("/network/v2.0/networks?router:external=true")["networks"]
    if not flavors or not networks:
        raise CloudError(f"the cloud has {len(flavors)} flavors and {len(networks)} external networks, and should have "
                         "made some at its start")
    print(f"image tiny {'uploaded' if new else 'is there'} ({image}); {len(flavors)} flavors; "
          f"external network {networks[0]['name']}")


if __name__ == "__main__":
    cloud.program("tiny_image", main)
