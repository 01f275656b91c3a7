//! Meshes and what solvers and visualisation write of them.

use std::sync::LazyLock;

use quarterdeck_types::FileKind;
use regex::bytes::Regex;

use super::source::{Source, u32_le};
use crate::uploads::kind::reason::Reason;

/// Of VTK's legacy format, as `vtkDataReader` knows them.
const DATASETS: [&str; 8] = [
    "UNSTRUCTURED_GRID",
    "STRUCTURED_GRID",
    "STRUCTURED_POINTS",
    "RECTILINEAR_GRID",
    "POLYDATA",
    "FIELD",
    "MULTIBLOCK",
    "TABLE",
];

static DATASET: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?m-u)^DATASET[ \t]+([A-Za-z_]+)").ok());
static ATTRIBUTES: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?-u)\n(?:POINT_DATA|CELL_DATA)[ \t]+[1-9]").ok());
static ARRAYS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?-u)<P?(?:Point|Cell)Data\b[^>]*>\s*<P?DataArray\b").ok());
static XML_TYPE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?-u)<VTKFile\b[^>]*?\btype="([A-Za-z]{1,40})""#).ok());
static GMSH_VALUES: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?-u)\n\$(?:NodeData|ElementData|ElementNodeData)\b").ok());
static FACET: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i-u)\bfacet\s+normal\b").ok());

/// A binary STL has no mark of its own: 80 bytes of anything, the number of its triangles, and 50 bytes for each.
pub(super) fn binary(source: &Source) -> Option<(FileKind, Reason)> {
    let triangles = u32_le(source.head(), 80)?;
    let expected = 84 + 50 * u64::from(triangles);
    (triangles > 0 && expected == source.size()).then(|| (FileKind::Mesh, Reason::format("STL")))
}

/// What begins as text, though it may go on otherwise.
pub(super) fn text(source: &Source) -> Option<(FileKind, Reason)> {
    let head = source.head();
    let mesh = |format| Some((FileKind::Mesh, Reason::format(format)));
    let begins = |with: &[u8]| head.starts_with(with);
    let has = |pattern: &LazyLock<Option<Regex>>| pattern.as_ref().is_some_and(|pattern| pattern.is_match(head));
    if begins(b"# vtk DataFile Version") {
        return legacy_vtk(source);
    }
    if begins(b"$MeshFormat") {
        // https://gmsh.info/doc/texinfo/gmsh.html#MSH-file-format
        let values = GMSH_VALUES.as_ref().is_some_and(|pattern| source.contains(pattern));
        return Some(match values {
            true => (FileKind::Result, Reason::with("Gmsh", "$NodeData, $ElementData")),
            false => (FileKind::Mesh, Reason::without("Gmsh", "$NodeData, $ElementData")),
        });
    }
    if begins(b"solid") && has(&FACET) {
        return mesh("STL");
    }
    if begins(b"ply\n") || begins(b"ply\r") {
        return mesh("PLY");
    }
    if begins(b"OFF\n") || begins(b"OFF\r") || begins(b"COFF\n") {
        return mesh("OFF");
    }
    // ISO 10303-21
    if begins(b"ISO-10303-21;") {
        return mesh("STEP");
    }
    if begins(b"MeshVersionFormatted") {
        return mesh("Medit");
    }
    if begins(b"ITEM: TIMESTEP") {
        return Some((FileKind::Result, Reason::format("LAMMPS dump")));
    }
    None
}

/// https://docs.vtk.org/en/latest/vtk_file_formats/vtk_legacy_file_format.html: points and cells first, and behind them
/// the values at each.
fn legacy_vtk(source: &Source) -> Option<(FileKind, Reason)> {
    let captures = DATASET.as_ref()?.captures(source.head());
    let said = captures.as_ref().and_then(|found| found.get(1)).map(|word| word.as_bytes().to_ascii_uppercase());
    let dataset = DATASETS.into_iter().find(|dataset| said.as_deref() == Some(dataset.as_bytes()));
    let format = dataset.map_or_else(|| "VTK".to_owned(), |dataset| format!("VTK {dataset}"));
    let values = ATTRIBUTES.as_ref().is_some_and(|pattern| source.contains(pattern));
    Some(values_or_mesh(values, format, "POINT_DATA, CELL_DATA"))
}

/// https://docs.vtk.org/en/latest/vtk_file_formats/vtkxml_file_format.html
pub(super) fn xml_vtk(source: &Source) -> Option<(FileKind, Reason)> {
    let captures = XML_TYPE.as_ref()?.captures(source.head())?;
    let of = String::from_utf8_lossy(captures.get(1)?.as_bytes()).into_owned();
    let format = format!("VTK {of}");
    // Lists of other files, written for each step in time.
    if of == "Collection" || of.starts_with("vtkMultiBlock") || of.starts_with("vtkPartitioned") {
        return Some((FileKind::Result, Reason::Format { format: format.into() }));
    }
    let values = ARRAYS.as_ref().is_some_and(|pattern| source.contains(pattern));
    Some(values_or_mesh(values, format, "PointData, CellData"))
}

fn values_or_mesh(values: bool, format: String, words: &'static str) -> (FileKind, Reason) {
    match values {
        true => (FileKind::Result, Reason::with(format, words)),
        false => (FileKind::Mesh, Reason::without(format, words)),
    }
}
