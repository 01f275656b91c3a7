// The server's words under their own names, from the generated document.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Text = Schemas["Text"];
export type User = Schemas["User"];
export type Session = Schemas["Tokens"];
export type Meta = Schemas["Meta"];
export type Cluster = Schemas["Cluster"];
export type Overview = Schemas["Overview"];
export type Partition = Schemas["Partition"];
export type Node = Schemas["Node"];
export type Job = Schemas["Job"];
export type JobDetail = Schemas["JobDetail"];
export type JobWhy = Schemas["Why"];
export type Finding = Schemas["Finding"];
export type JobAction = Schemas["JobAction"];
export type NewJob = Schemas["NewJob"];
export type JobPreview = Schemas["Preview"];
export type Resources = Schemas["Resources"];
export type Template = Schemas["Template"];
export type TemplateFile = Schemas["FileSlot"];
export type Parameter = Schemas["Parameter"];
export type Image = Schemas["Image"];
export type ImageDetail = Schemas["ImageDetail"];
export type UploadInfo = Schemas["UploadInfo"];
export type FileKind = Schemas["Kind"];
export type FileEntry = Schemas["FileEntry"];
