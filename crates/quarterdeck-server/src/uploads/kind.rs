//! Guesses a file's kind from its name. The user's own choice wins over it.

use quarterdeck_types::FileKind;

/// The kind that the extension stands for; `data` where it says nothing.
pub(super) fn of_name(name: &str) -> FileKind {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default();
    match extension.as_str() {
        "yaml" | "yml" | "toml" | "ini" | "cfg" | "conf" | "json" | "xml" | "env" | "properties" | "mdp" | "nml" => {
            FileKind::Config
        }
        "sh" | "bash" | "py" | "r" | "jl" | "m" | "pl" | "lua" | "slurm" | "sbatch" | "ipynb" | "jou" | "inp" | "k" => {
            FileKind::Script
        }
        "pt" | "pth" | "onnx" | "safetensors" | "ckpt" | "pb" | "h5model" | "pkl" | "joblib" | "gguf" => {
            FileKind::Model
        }
        "msh" | "stl" | "obj" | "step" | "stp" | "iges" | "igs" | "cgns" | "unv" | "bdf" | "ply" | "vtu" | "foam" => {
            FileKind::Mesh
        }
        "out" | "log" | "err" | "vtk" | "res" | "odb" | "rst" | "trr" | "xtc" | "edr" => FileKind::Result,
        "pdf" | "md" | "doc" | "docx" | "odt" | "ppt" | "pptx" | "rtf" | "tex" | "html" => FileKind::Document,
        _ => FileKind::Data,
    }
}
