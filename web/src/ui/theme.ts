// Quarterdeck's look for Mantine's parts. Colours of our own parts are in tokens.css; both come from these scales.
import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";

/** Sea green-blue. Shade 8 carries white text at 5.8:1. */
const sea: MantineColorsTuple = [
  "#e9f6f8",
  "#d4ecf0",
  "#a5d6de",
  "#74c0cc",
  "#4caebd",
  "#33a0b0",
  "#1f93a4",
  "#0f8192",
  "#08707f",
  "#045866",
];

/** Cool greys, so that paper and ink belong to the accent. */
const gray: MantineColorsTuple = [
  "#f6f8f9",
  "#edf0f3",
  "#e1e6ea",
  "#d0d7de",
  "#b5bfc9",
  "#94a1ae",
  "#6d7b89",
  "#54616f",
  "#37424e",
  "#1d2630",
];

const dark: MantineColorsTuple = [
  "#d6dde4",
  "#b0bac4",
  "#8e9aa7",
  "#66727f",
  "#3a4550",
  "#2b343e",
  "#1f272f",
  "#161c23",
  "#10151a",
  "#0a0e12",
];

export const theme = createTheme({
  primaryColor: "sea",
  primaryShade: { light: 8, dark: 8 },
  autoContrast: true,
  colors: { sea, gray, dark },
  black: "#1d2630",
  fontFamily:
    'Pretendard, "Pretendard Variable", system-ui, -apple-system, "Segoe UI", Roboto, "Apple SD Gothic Neo", "Noto Sans KR", "Noto Sans CJK KR", "Malgun Gothic", sans-serif',
  fontFamilyMonospace:
    'ui-monospace, "SF Mono", SFMono-Regular, "JetBrains Mono", "Cascadia Mono", "DejaVu Sans Mono", Consolas, D2Coding, "Noto Sans Mono CJK KR", monospace',
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.25rem" },
  headings: {
    fontWeight: "600",
    sizes: {
      h1: { fontSize: "1.3125rem", lineHeight: "1.3" },
      h2: { fontSize: "0.9375rem", lineHeight: "1.4" },
      h3: { fontSize: "0.875rem", lineHeight: "1.4" },
    },
  },
  defaultRadius: "sm",
  radius: { xs: "3px", sm: "5px", md: "7px", lg: "10px", xl: "16px" },
  cursorType: "pointer",
  focusRing: "auto",
  respectReducedMotion: true,
  // By name: importing the components here would make every page load all of them.
  components: {
    ActionIcon: { defaultProps: { variant: "subtle", color: "gray", size: 30 } },
    Button: { defaultProps: { size: "xs" } },
    Checkbox: { defaultProps: { size: "xs" } },
    // Help stands below the field, so that fields in a row begin at the same height.
    InputWrapper: {
      defaultProps: { inputWrapperOrder: ["label", "input", "description", "error"] },
      // The small fields' own would be 10 pixels.
      vars: () => ({
        label: {},
        error: { "--input-error-size": "0.75rem" },
        description: { "--input-description-size": "0.75rem" },
      }),
    },
    Modal: { defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.4 } } },
    MultiSelect: { defaultProps: { size: "xs" } },
    NativeSelect: { defaultProps: { size: "xs" } },
    NumberInput: { defaultProps: { size: "xs" } },
    PasswordInput: { defaultProps: { size: "sm" } },
    SegmentedControl: { defaultProps: { size: "sm" } },
    Textarea: { defaultProps: { size: "xs" } },
    TextInput: { defaultProps: { size: "xs" } },
  },
});

/** Mantine's own greys miss 4.5:1 for dimmed text on our paper. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-body": "var(--qd-canvas)",
    "--mantine-color-dimmed": "var(--qd-text-2)",
    "--mantine-color-placeholder": "#66737f",
    "--mantine-color-error": "var(--qd-failed)",
    "--mantine-color-default-border": "var(--qd-line-strong)",
    "--mantine-color-anchor": "var(--qd-link)",
  },
  dark: {
    "--mantine-color-body": "var(--qd-canvas)",
    "--mantine-color-dimmed": "var(--qd-text-2)",
    "--mantine-color-placeholder": "#8793a0",
    "--mantine-color-error": "var(--qd-failed)",
    "--mantine-color-default": "var(--qd-raised)",
    "--mantine-color-default-border": "var(--qd-line-strong)",
    "--mantine-color-anchor": "var(--qd-link)",
  },
});
