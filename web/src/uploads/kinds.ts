// The seven kinds of files, and the kind a name suggests until the server has classified the file.
import type { FileKind } from "../api/types";

export const FILE_KINDS: FileKind[] = ["data", "config", "script", "model", "mesh", "result", "document"];

const BY_EXTENSION: Record<string, FileKind> = {
  yaml: "config",
  yml: "config",
  toml: "config",
  ini: "config",
  cfg: "config",
  conf: "config",
  json: "config",
  xml: "config",
  sh: "script",
  bash: "script",
  py: "script",
  r: "script",
  jl: "script",
  m: "script",
  pl: "script",
  lua: "script",
  pt: "model",
  pth: "model",
  onnx: "model",
  safetensors: "model",
  pb: "model",
  gguf: "model",
  pkl: "model",
  msh: "mesh",
  stl: "mesh",
  obj: "mesh",
  vtk: "mesh",
  vtu: "mesh",
  cgns: "mesh",
  unv: "mesh",
  ply: "mesh",
  step: "mesh",
  stp: "mesh",
  iges: "mesh",
  out: "result",
  log: "result",
  err: "result",
  res: "result",
  pdf: "document",
  md: "document",
  doc: "document",
  docx: "document",
  hwp: "document",
  hwpx: "document",
  pptx: "document",
};

export function kindByName(name: string): FileKind {
  const extension = /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
  return BY_EXTENSION[extension] ?? "data";
}
