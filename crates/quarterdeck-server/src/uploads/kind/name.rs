//! What a file's name says of its kind. Endings that stand for several things (`.dat`, `.txt`, `.h5`) say nothing.

use quarterdeck_types::FileKind;

/// Longer endings are none.
const LONGEST_ENDING: usize = 16;

/// Of programs that compress one file: the kind is that of what is inside.
const COMPRESSED: [&str; 4] = ["gz", "bz2", "xz", "zst"];

const ENDINGS: [(FileKind, &[&str]); 7] = [
    (
        FileKind::Config,
        &["yaml", "yml", "toml", "ini", "cfg", "conf", "json", "xml", "env", "properties", "mdp", "nml"],
    ),
    (
        FileKind::Script,
        &[
            "sh", "bash", "py", "r", "jl", "m", "pl", "lua", "slurm", "sbatch", "ipynb", "jou", "inp", "k", "tcl",
            "rmd", "cu", "c", "cpp", "f90",
        ],
    ),
    (
        FileKind::Model,
        &[
            "pt",
            "pth",
            "onnx",
            "safetensors",
            "ckpt",
            "pb",
            "h5model",
            "pkl",
            "joblib",
            "gguf",
            "keras",
            "tflite",
            "pmml",
            "fmu",
        ],
    ),
    (
        FileKind::Mesh,
        &[
            "msh", "stl", "obj", "step", "stp", "iges", "igs", "cgns", "unv", "bdf", "ply", "vtu", "foam", "vtk",
            "off", "su2", "mesh", "med", "exo", "gltf", "glb", "3mf", "cas",
        ],
    ),
    (FileKind::Result, &["out", "log", "err", "res", "odb", "rst", "trr", "xtc", "edr", "dcd", "frd", "pvd", "xmf"]),
    (
        FileKind::Document,
        &[
            "pdf", "md", "doc", "docx", "odt", "ppt", "pptx", "rtf", "tex", "html", "htm", "hwp", "hwpx", "odp",
            "epub", "ps",
        ],
    ),
    (
        FileKind::Data,
        &[
            "csv", "tsv", "nc", "npy", "npz", "mat", "parquet", "feather", "arrow", "avro", "orc", "fits", "grib",
            "grb2", "jsonl", "ndjson", "geojson", "xlsx", "xls", "ods", "png", "jpg", "jpeg", "tif", "tiff", "gif",
            "bmp", "pdb", "gro", "xyz", "cif", "mol2", "sdf", "fasta", "fa", "fastq", "fq", "vcf", "bam", "sam", "zip",
            "tar", "tgz", "7z", "sqlite", "db", "rds", "rdata", "lmp", "h5ad", "wav", "mp4", "sif",
        ],
    ),
];

const WHOLE_NAMES: [(FileKind, &[&str]); 5] = [
    (FileKind::Script, &["makefile", "snakefile", "dockerfile", "cmakelists.txt", "allrun", "allclean"]),
    (FileKind::Config, &["requirements.txt", "incar", "kpoints", "controldict", "fvschemes", "fvsolution"]),
    (FileKind::Data, &["poscar", "contcar", "potcar"]),
    (FileKind::Result, &["outcar", "oszicar", "vasprun.xml"]),
    (FileKind::Document, &["readme", "readme.txt", "license", "license.txt", "changelog", "copying", "authors"]),
];

/// The kind, and the name or ending by which it is one.
pub(super) fn kind(name: &str) -> Option<(FileKind, String)> {
    let lower = name.to_ascii_lowercase();
    if let Some((kind, _)) = WHOLE_NAMES.iter().find(|(_, names)| names.contains(&lower.as_str())) {
        return Some((*kind, name.to_owned()));
    }
    let ending = inner_ending(&lower)?;
    let (kind, _) = ENDINGS.iter().find(|(_, endings)| endings.contains(&ending))?;
    Some((*kind, format!("*.{ending}")))
}

/// The ending in small letters, without its dot; `None` where the name has none, or one that no program would give.
pub(super) fn ending(name: &str) -> Option<String> {
    let (stem, ending) = name.rsplit_once('.')?;
    let plain = !stem.is_empty() && !ending.is_empty() && ending.len() <= LONGEST_ENDING;
    (plain && ending.bytes().all(|b| b.is_ascii_alphanumeric())).then(|| ending.to_ascii_lowercase())
}

/// Whether Python's programs write objects under such a name.
pub(super) fn is_pickle(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    matches!(inner_ending(&lower), Some("pkl" | "pickle" | "dill" | "joblib"))
}

/// Whether text may stand beneath such a name that is to be read more closely: it says nothing, or two things (`.rst`
/// is Ansys's result, Amber's restart and reStructuredText).
pub(super) fn leaves_open(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    kind(name).is_none() || inner_ending(&lower) == Some("rst")
}

/// Whether JSON is what such a name promises.
pub(super) fn is_json(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    matches!(inner_ending(&lower), Some("json" | "ipynb" | "jsonl" | "ndjson" | "geojson" | "topojson"))
}

/// Beneath the ending of a program that compressed the file.
fn inner_ending(lower: &str) -> Option<&str> {
    let (stem, ending) = lower.rsplit_once('.')?;
    if stem.is_empty() {
        return None;
    }
    match stem.rsplit_once('.') {
        Some((_, inner)) if COMPRESSED.contains(&ending) => Some(inner),
        _ => Some(ending),
    }
}
