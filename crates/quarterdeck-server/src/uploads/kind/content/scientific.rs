//! HDF5 and NetCDF, and what programs keep in them. Their groups are not walked: the names by which a program is known
//! are looked for, which stand in the file as they are.

use std::sync::LazyLock;

use quarterdeck_types::FileKind;
use regex::bytes::RegexSet;

use super::source::Source;
use crate::uploads::kind::reason::Reason;

/// https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html: at 0, or behind a block of the user's.
const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";
const HDF5_AT: [usize; 5] = [0, 512, 1024, 2048, 4096];

/// The first that is found counts.
const IN_HDF5: [(&str, FileKind, &str, &str); 10] = [
    // https://cgns.github.io/standard/FMM/hdf5.html
    (r"CGNSLibraryVersion|CGNSBase_t", FileKind::Mesh, "HDF5", "CGNS"),
    // keras.saving.legacy.hdf5_format
    (r"keras_version|model_weights|layer_names|model_config", FileKind::Model, "HDF5", "Keras"),
    // https://docs.vtk.org/en/latest/vtk_file_formats/vtkhdf_file_format/
    (r"VTKHDF", FileKind::Result, "HDF5", "VTKHDF"),
    // MEDfichier, of Salome and Code_Aster
    (r"INFOS_GENERALES|ENS_MAA", FileKind::Mesh, "HDF5", "MED"),
    // https://sigma.mcs.anl.gov/moab
    (r"\btstt\b", FileKind::Mesh, "HDF5", "MOAB"),
    // https://www.nongnu.org/h5md
    (r"\bh5md\b", FileKind::Result, "HDF5", "H5MD"),
    // https://openpmd.org
    (r"openPMDextension", FileKind::Result, "HDF5", "openPMD"),
    // pandas.HDFStore
    (r"pandas_type", FileKind::Data, "HDF5", "pandas"),
    (r"MATLAB_class", FileKind::Data, "HDF5", "MATLAB"),
    (r"_NCProperties|_Netcdf4", FileKind::Data, "HDF5", "NetCDF-4"),
];

static WORDS: LazyLock<Option<RegexSet>> =
    LazyLock::new(|| RegexSet::new(IN_HDF5.map(|(word, ..)| format!("(?-u:{word})"))).ok());

pub(super) fn recognise(source: &Source, name: &str) -> Option<(FileKind, Reason)> {
    if HDF5_AT.iter().any(|at| source.head_from(*at).starts_with(HDF5)) {
        return Some(hdf5(source, name));
    }
    classic_netcdf(source.head())
}

fn hdf5(source: &Source, name: &str) -> (FileKind, Reason) {
    // Fluent's case and results are told apart by their names alone.
    let lower = name.to_ascii_lowercase();
    if lower.ends_with(".cas.h5") {
        return (FileKind::Mesh, Reason::with("HDF5", ".cas.h5 (Fluent)"));
    }
    if lower.ends_with(".dat.h5") {
        return (FileKind::Result, Reason::with("HDF5", ".dat.h5 (Fluent)"));
    }
    let found = WORDS.as_ref().and_then(|words| source.first_of(words)).and_then(|at| IN_HDF5.get(at));
    match found {
        Some((_, kind, format, with)) => (*kind, Reason::with(*format, with)),
        None => (FileKind::Data, Reason::format("HDF5")),
    }
}

/// https://docs.unidata.ucar.edu/netcdf-c/current/file_format_specifications.html. Its header stands first: names of
/// dimensions, attributes and variables.
fn classic_netcdf(head: &[u8]) -> Option<(FileKind, Reason)> {
    if !(head.starts_with(b"CDF") && matches!(head.get(3), Some(1 | 2 | 5))) {
        return None;
    }
    let has = |word: &[u8]| head.windows(word.len()).any(|window| window == word);
    // Exodus II: https://sandialabs.github.io/seacas-docs/exodusII-new.pdf
    if has(b"api_version") && has(b"num_dim") {
        let results = [&b"vals_nod_var"[..], b"vals_elem_var", b"vals_glo_var"].into_iter().any(has);
        return Some(match results {
            true => (FileKind::Result, Reason::with("Exodus II", "vals_nod_var, vals_elem_var")),
            false => (FileKind::Mesh, Reason::without("Exodus II", "vals_nod_var, vals_elem_var")),
        });
    }
    // https://ambermd.org/netcdf/nctraj.xhtml
    if has(b"Conventions") && has(b"AMBER") {
        return Some((FileKind::Result, Reason::with("NetCDF", "AMBER")));
    }
    Some((FileKind::Data, Reason::format("NetCDF")))
}
