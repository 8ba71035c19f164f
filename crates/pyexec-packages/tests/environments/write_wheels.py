# Writes wheels and source distributions as JSON on the input describes them, good and bad ones.
import base64
import hashlib
import io
import json
import os
import sys
import tarfile
import zipfile

folder = sys.argv[1]


def content(file):
    return bytes(file["zeros"]) if file["zeros"] else file["text"].encode()


def wheel(spec):
    name, version, tag = spec["name"], spec["version"], spec["tag"]
    info = f"{name}-{version}.dist-info"
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
    metadata += [f"Provides-Extra: {extra}" for extra in spec["extras"]]
    metadata += [f"Requires-Dist: {line}" for line in spec["requires"]]
    if spec["python"]:
        metadata.append("Requires-Python: " + spec["python"])
    files = [(file["path"], file["mode"], content(file)) for file in spec["files"]]
    files.append((info + "/METADATA", 0o100644, "\n".join(metadata + [""]).encode()))
    pure = f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n"
    files.append((info + "/WHEEL", 0o100644, pure.encode()))
    record = ""
    for path, _, data in files:
        digest = hashlib.sha256(b"other" if spec["broken"] == "record" else data).digest()
        digest = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(data)}\n"
    record += info + "/RECORD,,\n"
    files.append((info + "/RECORD", 0o100644, record.encode()))
    target = os.path.join(folder, f"{name}-{version}-{tag}.whl")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, mode, data in files:
            member = zipfile.ZipInfo(path)
            member.external_attr = mode << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, data)
    if spec["broken"] == "truncated":
        os.truncate(target, os.path.getsize(target) // 2)


def source(spec):
    root = f"{spec['name']}-{spec['version']}/"
    target = os.path.join(folder, f"{root[:-1]}.tar.gz")
    with tarfile.open(target, "w:gz") as archive:
        for file in spec["files"]:
            member = tarfile.TarInfo(root + file["path"])
            data = content(file)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


for spec in json.load(sys.stdin):
    source(spec) if spec["source"] else wheel(spec)
