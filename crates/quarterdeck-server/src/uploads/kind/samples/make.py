"""Writes the samples beside it, as the programs do whose files they are.

python3 -m venv v && v/bin/pip install h5py netCDF4 onnx safetensors joblib && cd HERE && v/bin/python make.py
"""

import collections
import json
import pickle

import h5py
import joblib
import netCDF4
import numpy as np
import onnx
from onnx import TensorProto, helper
from safetensors.numpy import save_file

# As cgnslib does: nodes are groups with their label as an attribute.
with h5py.File("cgns.h5", "w", track_order=True) as f:
    f.attrs["name"] = np.bytes_("HDF5 MotherNode")
    f.attrs["label"] = np.bytes_("Root Node of HDF5 File")
    for name, label in [("CGNSLibraryVersion", "CGNSLibraryVersion_t"), ("Base", "CGNSBase_t")]:
        node = f.create_group(name, track_order=True)
        node.attrs["name"] = np.bytes_(name.ljust(33))
        node.attrs["label"] = np.bytes_(label.ljust(33))

# As keras.saving.legacy.hdf5_format does.
with h5py.File("keras.h5", "w") as f:
    f.attrs["keras_version"] = b"2.15.0"
    f.attrs["backend"] = b"tensorflow"
    f.attrs["model_config"] = json.dumps({"class_name": "Sequential"}).encode()
    f.create_group("model_weights").attrs["layer_names"] = [b"dense"]
with h5py.File("weights.h5", "w") as f:
    f.attrs["layer_names"] = [b"dense"]
    f.create_group("dense")

with h5py.File("plain.h5", "w") as f:
    f["x"] = np.arange(4)
with h5py.File("userblock.h5", "w", userblock_size=512) as f:
    f["x"] = np.arange(4)
with h5py.File("vtk.vtkhdf", "w") as f:
    grid = f.create_group("VTKHDF")
    grid.attrs["Version"] = (1, 0)
    grid.attrs["Type"] = np.bytes_("UnstructuredGrid")
    grid.create_group("PointData")

for form, name in [("NETCDF3_CLASSIC", "classic.nc"), ("NETCDF3_64BIT_OFFSET", "64.nc"), ("NETCDF4", "four.nc")]:
    with netCDF4.Dataset(name, "w", format=form) as d:
        d.createDimension("t", 2)
        d.createVariable("v", "f4", ("t",))[:] = [1, 2]
for name, results in [("exodus.exo", False), ("exodus-result.exo", True)]:
    with netCDF4.Dataset(name, "w", format="NETCDF3_64BIT_OFFSET") as d:
        d.api_version = np.float32(4.98)
        d.createDimension("num_nodes", 2)
        d.createDimension("num_dim", 3)
        if results:
            d.createDimension("time_step", None)
            d.createVariable("vals_nod_var1", "f8", ("time_step", "num_nodes"))
        else:
            d.createVariable("coordx", "f8", ("num_nodes",))

x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy")
graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [x], [y])
onnx.save(helper.make_model(graph), "relu.onnx")
onnx.save(helper.make_model(graph, producer_name="pytorch", producer_version="2.4"), "producer.onnx")
save_file({"w": np.zeros(2, dtype=np.float32)}, "w.safetensors")

for protocol in range(6):
    with open(f"p{protocol}.pkl", "wb") as f:
        pickle.dump(collections.OrderedDict(a=[1, 2.5, "x"]), f, protocol=protocol)
with open("plain0.pkl", "wb") as f:
    pickle.dump({"a": 1}, f, protocol=0)
joblib.dump({"w": np.arange(3)}, "m.joblib")
np.save("a.npy", np.arange(3))
np.save("o.npy", np.array([{}], dtype=object), allow_pickle=True)
np.savez("a.npz", x=np.arange(3))
