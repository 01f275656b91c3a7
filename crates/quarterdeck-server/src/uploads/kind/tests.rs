//! Small files as programs write them, what each is taken for and why; and bytes that nobody would write.

use proptest::prelude::*;
use quarterdeck_types::FileKind::{self, *};
use rstest::rstest;
use uuid::Uuid;

use super::*;
use crate::db::testing::on_each_database;

macro_rules! sample {
    ($name:literal) => {
        include_bytes!(concat!("samples/", $name))
    };
}

fn judged_with(name: &str, bytes: &[u8], rules: &[Rule]) -> Judgement {
    let read = |offset: u64, buffer: &mut [u8]| {
        let rest = usize::try_from(offset).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    };
    judge(&read, bytes.len() as u64, name, rules).unwrap()
}

fn judged(name: &str, bytes: &[u8]) -> Judgement {
    judged_with(name, bytes, &[])
}

fn told(name: &str, bytes: &[u8]) -> (FileKind, String) {
    let found = judged(name, bytes);
    (found.kind, found.reason.to_string())
}

// One ending, many contents.
#[rstest]
#[case("a.h5", sample!("cgns.h5"), Mesh, "HDF5 with CGNS")]
#[case("a.h5", sample!("keras.h5"), Model, "HDF5 with Keras")]
#[case("a.h5", sample!("weights.h5"), Model, "HDF5 with Keras")]
#[case("a.h5", sample!("plain.h5"), Data, "content: HDF5.")]
#[case("a.h5", sample!("userblock.h5"), Data, "content: HDF5.")]
#[case("a.cas.h5", sample!("plain.h5"), Mesh, "Fluent")]
#[case("a.vtkhdf", sample!("vtk.vtkhdf"), Result, "VTKHDF")]
#[case("a.nc", sample!("four.nc"), Data, "NetCDF-4")]
#[case("a.nc", sample!("classic.nc"), Data, "content: NetCDF.")]
#[case("a.nc", sample!("64.nc"), Data, "content: NetCDF.")]
#[case("a.exo", sample!("exodus.exo"), Mesh, "Exodus II without")]
#[case("a.exo", sample!("exodus-result.exo"), Result, "Exodus II with vals_nod_var")]
#[case("a.bin", sample!("relu.onnx"), Model, "ONNX")]
#[case("a.onnx", sample!("producer.onnx"), Model, "content: ONNX")]
#[case("a", sample!("w.safetensors"), Model, "safetensors")]
#[case("a.npy", sample!("a.npy"), Data, "NumPy")]
#[case("a.npz", sample!("a.npz"), Data, "zip with *.npy")]
#[case("a.txt", b"%PDF-1.7\n%\xe2\xe3", Document, "PDF")]
#[case("a.dat", b"\x89PNG\r\n\x1a\n....", Data, "PNG")]
#[case("a.bin", b"GGUF\x03\0\0\0", Model, "GGUF")]
#[case("traj.xtc", b"\0\0\x07\xcb\0\0\0\x05", Result, "GROMACS XTC")]
#[case("image.sif", b"#!/usr/bin/env run-singularity\n\0SIF_MAGIC\x0001\0", Data, "Apptainer")]
fn binary_formats_are_told_by_their_content(
    #[case] name: &str,
    #[case] bytes: &[u8],
    #[case] kind: FileKind,
    #[case] reason: &str,
) {
    let (found, why) = told(name, bytes);
    assert_eq!(found, kind, "{why}");
    assert!(why.contains(reason), "{why}");
}

const POINTS: &str = "# vtk DataFile Version 3.0\nwing\nASCII\nDATASET UNSTRUCTURED_GRID\nPOINTS 1 float\n0 0 0\n";
const XML_GRID: &str =
    "<?xml version=\"1.0\"?>\n<VTKFile type=\"UnstructuredGrid\" version=\"1.0\">\n<UnstructuredGrid><Piece>";

#[rstest]
#[case("a.vtk", POINTS.to_owned(), Mesh, "VTK UNSTRUCTURED_GRID without POINT_DATA")]
#[case("a.vtk", format!("{POINTS}POINT_DATA 1\nSCALARS p float\n"), Result, "VTK UNSTRUCTURED_GRID with POINT_DATA")]
#[case("a.vtk", POINTS.replace("UNSTRUCTURED_GRID", "POLYDATA") + "\nCELL_DATA 3\n", Result, "VTK POLYDATA with")]
#[case("a.vtu", format!("{XML_GRID}<PointData></PointData>"), Mesh, "VTK UnstructuredGrid without")]
#[case("a.vtu", format!("{XML_GRID}<PointData Scalars=\"p\">\n<DataArray"), Result, "VTK UnstructuredGrid with")]
#[case("a.pvd", "<VTKFile type=\"Collection\">".to_owned(), Result, "VTK Collection")]
#[case("a.msh", "$MeshFormat\n4.1 0 8\n$EndMeshFormat\n".to_owned(), Mesh, "Gmsh without")]
#[case("a.pos", "$MeshFormat\n4.1 0 8\n$EndMeshFormat\n$NodeData\n".to_owned(), Result, "Gmsh with")]
#[case("a.stl", "solid part\n facet normal 0 0 1\n".to_owned(), Mesh, "STL")]
#[case("a.obj", "# made\nv 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n".to_owned(), Mesh, "OBJ")]
#[case("a.inp", "*Heading\n*NODE\n1, 0., 0.\n*ELEMENT, TYPE=C3D8\n".to_owned(), Mesh, "Abaqus without *STEP")]
#[case("a.inp", "*NODE\n1, 0., 0.\n*STEP\n*STATIC\n".to_owned(), Script, "name: *.inp")]
#[case("points", "FoamFile\n{\n version 2.0;\n class vectorField;\n}\n".to_owned(), Mesh, "OpenFOAM with polyMesh")]
#[case("myDict", "FoamFile\n{\n class dictionary;\n}\n".to_owned(), Config, "OpenFOAM with dictionary")]
#[case("a.dat", "TITLE = \"x\"\nVARIABLES = \"X\", \"P\"\nZONE I=2\n0 1\n1 2\n".to_owned(), Result, "Tecplot")]
#[case("a.json", r#"{"solver": "piso", "steps": 10, "out": {"every": 5}}"#.to_owned(), Config, "settings")]
#[case("a.json", r#"[{"t": 0, "p": 1}, {"t": 1, "p": 2}]"#.to_owned(), Data, "records")]
#[case("a.json", format!("{{\"name\": \"run\", \"values\": [{}1]}}", "1.5, ".repeat(60)), Data, "records")]
#[case("a.json", r#"{"x": [1, 2], "y": [3, 4]}"#.to_owned(), Data, "records")]
#[case("a.json", "{\"t\": 1}\n{\"t\": 2}\n".to_owned(), Data, "each line")]
#[case("a.json", r#"{"type": "FeatureCollection", "features": []}"#.to_owned(), Data, "GeoJSON")]
#[case("a.json", r#"{"cells": [{"cell_type": "code"}], "metadata": {}, "nbformat": 4}"#.to_owned(), Script, "Jupyter")]
#[case("a.json", "{\"broken\": ".to_owned(), Config, "name: *.json")]
#[case("a.log", "{\"level\": \"info\"}\n{\"level\": \"info\"}\n".to_owned(), Result, "name: *.log")]
#[case("a.dat", "# t p\n0.0 1.0D+03\n1.0 nan\n-2 +3.5e-7\n".to_owned(), Data, "columns (2)")]
#[case("a.txt", "t,p\n0,1\n1,2\n2,3\n3,4\n4,5\n".to_owned(), Data, "columns (2)")]
#[case("a.txt", "id,name,mass\n1,a b,2\n2,c,3\n".to_owned(), Data, "a table (3 columns)")]
#[case("a.dat", "[solver]\ndt = 0.1\nend_time = 5\nscheme = euler\n".to_owned(), Config, "names and values")]
#[case("a.txt", "&control\n calculation = 'scf'\n prefix='si'\n/\n".to_owned(), Config, "names and values")]
#[case("a.txt", "#!/usr/bin/env -S python3 -u\nprint(1)\n".to_owned(), Script, "python3")]
#[case("a.dat", "#!/bin/bash\n#SBATCH -n 4\nsrun ./a.out\n".to_owned(), Script, "bash")]
#[case("a.txt", PROSE.to_owned(), Document, "text to read")]
#[case("읽어보기.txt", KOREAN.to_owned(), Document, "text to read")]
#[case("input.txt", "red\ngreen\nblue\n".to_owned(), Data, "says more")]
#[case("a.rst", PROSE.to_owned(), Document, "text to read")]
#[case("a.csv", PROSE.to_owned(), Data, "name: *.csv")]
#[case("a.csv.gz", "\u{1f}".to_owned(), Data, "name: *.csv")]
#[case("Makefile", "all:\n\tcc a.c\n".to_owned(), Script, "name: Makefile")]
#[case("a.xml", "<?xml version='1.0'?><settings/>".to_owned(), Config, "name: *.xml")]
#[case("a.txt", String::new(), Data, "says more")]
fn text_is_told_by_what_is_in_it(
    #[case] name: &str,
    #[case] text: String,
    #[case] kind: FileKind,
    #[case] reason: &str,
) {
    let (found, why) = told(name, text.as_bytes());
    assert_eq!(found, kind, "{why}");
    assert!(why.contains(reason), "{why}");
}

const PROSE: &str = "These files belong to the second series of measurements.\nPlease read the paper before you use them, \
                     and tell us what you find.\n";
const KOREAN: &str = "이 자료는 두 번째 실험에서 얻은 것입니다.\n사용하기 전에 논문을 먼저 읽어 주시고 문제가 있으면 알려 \
                      주십시오.\n감사합니다.\n";

#[test]
fn values_behind_megabytes_of_points_make_a_result() {
    let points = "0.1 0.2 0.3\n".repeat(200_000);
    let head = POINTS.replace("POINTS 1", "POINTS 200000");
    assert_eq!(told("a.vtk", format!("{head}{points}").as_bytes()).0, Mesh);
    assert_eq!(told("a.vtk", format!("{head}{points}POINT_DATA 200000\n{points}").as_bytes()).0, Result);
}

#[test]
fn a_binary_stl_is_told_by_its_length() {
    let mut bytes = vec![b' '; 80];
    bytes.extend(2_u32.to_le_bytes());
    bytes.extend([0; 100]);
    assert_eq!(told("part.bin", &bytes).0, Mesh);
    bytes.push(0);
    assert_eq!(told("part.bin", &bytes).0, Data);
}

#[test]
fn text_in_other_encodings_is_text() {
    let wide: Vec<u8> = "\u{feff}0 1\r\n2 3\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(told("a.dat", &wide).1.contains("columns (2)"));
    // CP949: 온도 = 300, 압력 = 1.
    let cp949 = b"\xbf\xc2\xb5\xb5 = 300\n\xbe\xd0\xb7\xc2 = 1\n";
    assert_eq!(told("a.txt", cp949).0, Config);
}

/// A zip of stored, empty files with these names.
fn zipped(names: &[&str]) -> Vec<u8> {
    let (mut files, mut directory) = (Vec::new(), Vec::new());
    for name in names {
        let length = (name.len() as u16).to_le_bytes();
        let at = (files.len() as u32).to_le_bytes();
        files.extend(b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
        files.extend(length.into_iter().chain([0, 0]).chain(name.bytes()));
        directory.extend(b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
        directory.extend(length.into_iter().chain([0; 12]).chain(at).chain(name.bytes()));
    }
    let count = (names.len() as u16).to_le_bytes();
    let (length, at) = ((directory.len() as u32).to_le_bytes(), (files.len() as u32).to_le_bytes());
    let end = b"PK\x05\x06\0\0\0\0".iter().copied().chain(count).chain(count).chain(length).chain(at).chain([0, 0]);
    files.into_iter().chain(directory).chain(end).collect()
}

/// An OLE file with these streams in its one sector of a directory, and a table of sectors before it.
fn compound(names: &[&str]) -> Vec<u8> {
    let mut header = vec![0_u8; 512];
    header[..8].copy_from_slice(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    header[30] = 9;
    header[48] = 1;
    header[76..].fill(0xff);
    header[76..80].fill(0);
    let mut table = vec![0xff; 512];
    table[4..8].copy_from_slice(&0xffff_fffe_u32.to_le_bytes());
    let mut directory = Vec::new();
    for name in names {
        let mut entry: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let length = entry.len() as u16 + 2;
        entry.resize(128, 0);
        entry[64..66].copy_from_slice(&length.to_le_bytes());
        directory.extend(entry);
    }
    directory.resize(512, 0);
    [header, table, directory].concat()
}

fn pe() -> Vec<u8> {
    let mut bytes = vec![0; 0x100];
    bytes[..2].copy_from_slice(b"MZ");
    bytes[0x3c] = 0x80;
    bytes[0x80..0x84].copy_from_slice(b"PE\0\0");
    bytes
}

#[rstest]
#[case("solver", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0".to_vec(), Script, &[Risk::Executables])]
#[case("data.csv", pe(), Script, &[Risk::Executables])]
#[case("tool", b"\xcf\xfa\xed\xfe\x07\0\0\x01".to_vec(), Script, &[Risk::Executables])]
#[case("core", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x04\0".to_vec(), Data, &[])]
#[case("MZ.txt", b"MZ is the letter before PE".to_vec(), Data, &[])]
#[case("a.docm", zipped(&["[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"]), Document, &[Risk::Macros])]
#[case("a.docx", zipped(&["[Content_Types].xml", "word/document.xml"]), Document, &[])]
#[case("a.xlsx", zipped(&["xl/workbook.xml"]), Data, &[])]
#[case("a.xlsm", zipped(&["xl/workbook.xml", "xl/macrosheets/sheet1.xml"]), Data, &[Risk::Macros])]
#[case("a.odt", zipped(&["content.xml", "Basic/Standard/Module1.xml"]), Data, &[Risk::Macros])]
#[case("a.doc", compound(&["Root Entry", "WordDocument"]), Document, &[])]
#[case("a.doc", compound(&["Root Entry", "WordDocument", "Macros"]), Document, &[Risk::Macros])]
#[case("a.xls", compound(&["Root Entry", "Workbook", "_VBA_PROJECT_CUR"]), Data, &[Risk::Macros])]
#[case("a.hwp", compound(&["Root Entry", "FileHeader", "BodyText"]), Document, &[])]
#[case("a.pt", zipped(&["archive/data.pkl", "archive/version"]), Model, &[Risk::Pickles])]
#[case("a.keras", zipped(&["metadata.json", "config.json", "model.weights.h5"]), Model, &[])]
#[case("a.pth", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.".to_vec(), Model, &[Risk::Pickles])]
#[case("a.joblib", sample!("m.joblib").to_vec(), Model, &[Risk::Pickles])]
#[case("a.npy", sample!("o.npy").to_vec(), Data, &[Risk::Pickles])]
#[case("a.npy", sample!("a.npy").to_vec(), Data, &[])]
#[case("a.pkl", sample!("plain0.pkl").to_vec(), Model, &[Risk::Pickles])]
#[case("a.txt", sample!("p0.pkl").to_vec(), Data, &[Risk::Pickles])]
#[case("a.txt", sample!("p1.pkl").to_vec(), Data, &[Risk::Pickles])]
#[case("a.txt", sample!("p2.pkl").to_vec(), Data, &[Risk::Pickles])]
#[case("a.txt", sample!("p3.pkl").to_vec(), Data, &[Risk::Pickles])]
#[case("a.txt", sample!("p4.pkl").to_vec(), Data, &[Risk::Pickles])]
#[case("a.txt", sample!("p5.pkl").to_vec(), Data, &[Risk::Pickles])]
#[case("a.txt", b"cos\nsystem\n(S'true'\ntR.".to_vec(), Data, &[Risk::Pickles])]
#[case("a.txt", b"N0cos\nsystem\n(S'true'\ntR.and more".to_vec(), Data, &[Risk::Pickles])]
#[case("a.txt", b"N. is a full stop behind a letter.\n".to_vec(), Data, &[])]
#[case("a.txt", b"cat\ndog\nRuns.\n".to_vec(), Data, &[])]
fn what_runs_by_itself_is_warned_of(
    #[case] name: &str,
    #[case] bytes: Vec<u8>,
    #[case] kind: FileKind,
    #[case] risks: &[Risk],
) {
    let found = judged(name, &bytes);
    assert_eq!((found.kind, &*found.risks), (kind, risks), "{}", found.reason);
}

#[test]
fn a_rule_of_the_site_goes_before_content_and_name_and_warnings_stay() {
    let rules = ["*.h5 = result".parse().unwrap(), "*.dat = mesh if 4d45 at 2".parse().unwrap()];
    let of = |name, bytes| judged_with(name, bytes, &rules);
    let found = of("a.h5", sample!("cgns.h5"));
    assert_eq!((found.kind, found.source), (Result, KindSource::SiteRule));
    assert_eq!(found.reason, Reason::Rule { pattern: "*.h5".into() });
    assert_eq!(of("a.dat", b"--MESH").kind, Mesh);
    assert_eq!(of("a.dat", b"--mesh").source, KindSource::Name);
    assert_eq!(of("x.h5", &pe()).risks, [Risk::Executables]);
}

#[test]
fn a_reason_is_a_code_with_values_and_comes_back_from_the_database() {
    let reason = Reason::with("HDF5", "CGNS");
    let (code, params) = reason.parts();
    assert_eq!((code.as_str(), params["format"].as_str(), params["with"].as_str()), ("format-with", "HDF5", "CGNS"));
    assert_eq!(Reason::Prose.parts(), ("prose".to_owned(), Default::default()));
    for reason in [reason, Reason::Unknown, Reason::Remembered { pattern: "*.dat".into() }] {
        let json = serde_json::to_value(&reason).unwrap();
        assert_eq!(serde_json::from_value::<Reason>(json).unwrap(), reason);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_not_judged() {
    let broken = |_: u64, _: &mut [u8]| Err(io::ErrorKind::TimedOut.into());
    assert_eq!(judge(&broken, 10, "a.h5", &[]).unwrap_err().kind(), io::ErrorKind::TimedOut);
}

fn every_sample() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = [
        &sample!("cgns.h5")[..],
        sample!("exodus-result.exo"),
        sample!("producer.onnx"),
        sample!("w.safetensors"),
        sample!("p0.pkl"),
        sample!("p5.pkl"),
        sample!("m.joblib"),
        sample!("o.npy"),
        sample!("a.npz"),
        POINTS.as_bytes(),
        XML_GRID.as_bytes(),
        PROSE.as_bytes(),
        br#"{"cells": [{"cell_type": "code", "a": "\"b"}], "nbformat": 4, "n": [1, -2.5e3, null]}"#,
    ]
    .map(<[u8]>::to_vec)
    .to_vec();
    all.extend([pe(), zipped(&["word/a.xml", "x/data.pkl"]), compound(&["WordDocument", "Macros"])]);
    all
}

const NAMES: [&str; 6] = ["a.h5", "a.json", "a.dat", "a.pkl", "a.zip", "a"];

#[test]
fn a_cut_file_of_any_format_is_judged() {
    for (i, bytes) in every_sample().iter().enumerate() {
        for end in (0..bytes.len()).step_by(1 + bytes.len() / 200) {
            judged(NAMES[(i + end) % NAMES.len()], &bytes[..end]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn hostile_bytes_are_judged(
        which in 0_usize..16,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..24),
        tail in prop::collection::vec(any::<u8>(), 0..200),
        name in 0_usize..NAMES.len(),
    ) {
        let mut bytes = every_sample()[which].clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.extend(tail);
        judged(NAMES[name], &bytes);
    }

    #[test]
    fn random_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..600), name in 0_usize..NAMES.len()) {
        judged(NAMES[name], &bytes);
    }
}

#[test]
fn one_look_reads_no_more_than_its_share() {
    let read_bytes = std::cell::Cell::new(0);
    let endless = |_: u64, buffer: &mut [u8]| {
        buffer.fill(b' ');
        for (to, from) in buffer.iter_mut().zip(b"# vtk DataFile Version 3.0\n\nASCII\nDATASET POLYDATA\n") {
            *to = *from;
        }
        read_bytes.set(read_bytes.get() + buffer.len());
        Ok(buffer.len())
    };
    judge(&endless, 1 << 50, "a.vtk", &[]).unwrap();
    assert!(read_bytes.get() <= 16 << 20, "{}", read_bytes.get());
}

#[tokio::test]
async fn the_last_choice_for_an_ending_is_remembered_and_only_so_many() {
    on_each_database(async |db| {
        let (alice, bob) = (Uuid::now_v7(), Uuid::now_v7());
        let name = |text: &str| FileName::parse(text).unwrap();
        let of = async |user, text: &str| announced(db.read(), &[], user, &name(text), None).await.unwrap();
        let choose = async |text: &str, kind, at| {
            let tx = db.begin().await.unwrap();
            remember(&tx, alice, &name(text), kind, at).await.unwrap();
            tx.commit().await.unwrap();
        };
        choose("first.dat", Mesh, 1).await;
        let next = of(alice, "second.DAT").await;
        assert_eq!((next.kind, next.source), (Mesh, KindSource::User));
        assert_eq!(next.reason, Reason::Remembered { pattern: "*.dat".into() });
        assert_eq!(of(bob, "second.dat").await.source, KindSource::Name);
        choose("third.dat", Result, 2).await;
        assert_eq!(of(alice, "fourth.dat").await.kind, Result);
        choose("no ending", Result, 3).await;
        assert_eq!(of(alice, "no ending").await.kind, Data);
        for i in 0..200 {
            choose(&format!("a.e{i}"), Mesh, 10 + i).await;
        }
        assert_eq!(of(alice, "fourth.dat").await.source, KindSource::Name, "the oldest is forgotten");
        assert_eq!(of(alice, "a.e0").await.kind, Mesh);
    })
    .await;
}
