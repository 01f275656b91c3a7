// Builds the page into dist/, which the server embeds; `npm run dev` serves it beside a running server.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env.QD_SERVER ?? "http://127.0.0.1:8080";

const OF_DIALOGS =
  /@mantine\/core\/esm\/components\/(Modal|ModalBase|ScrollArea|Overlay|Paper|Group|Portal|FocusTrap)\/|@mantine\/hooks\/esm\/use-focus-(trap|return)\/|node_modules\/(react-remove-scroll|react-remove-scroll-bar|react-style-singleton|use-sidecar|use-callback-ref|get-nonce|tslib|@floating-ui)\/|src\/ui\/(Confirm|OneTimeSecret)/;

const OF_FIELDS = /@mantine\/core\/esm\/components\/(Input|InputBase|TextInput|ActionIcon|CloseButton)\//;

const OF_FORMS =
  /@mantine\/core\/esm\/(components|utils)\/(SegmentedControl|FloatingIndicator|InlineInput|Checkbox|NativeSelect|Combobox|InputsGroupFieldset|VisuallyHidden|Textarea)\/|node_modules\/(react-textarea-autosize|use-latest|use-composed-ref|use-isomorphic-layout-effect)\/|@mantine\/hooks\/esm\/use-debounced-callback\/|src\/ui\/(CodeView|LoadMore|Properties|SearchBox|clipboard|use-debounced)|src\/(i18n\/use-text|templates\/queries)/;

const OF_NUMBERS =
  /@mantine\/core\/esm\/components\/NumberInput\/|@mantine\/hooks\/esm\/utils\/clamp\/|node_modules\/react-number-format\//;

const OF_TEMPLATES = /src\/(templates\/(?!search|queries|own\/YamlEditor)|live\/follow-templates)/;

const OF_LONG_LISTS = /@tanstack\/(react-virtual|virtual-core)\/|src\/ui\/(ScrollingTable|selection)/;

const besideServer = { host: "127.0.0.1", proxy: { "/api": { target: server, ws: true } } };

export default defineConfig({
  plugins: [react()],
  server: besideServer,
  preview: besideServer,
  build: {
    target: "es2023",
    // Inlined assets would be data: URLs, which the server's content security policy need not allow.
    assetsInlineLimit: 0,
    // Browsers that know ES2023 know it.
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // What every page needs, in one file that changes only with its versions.
            {
              name: "vendor",
              test: /node_modules\/(react|react-dom|scheduler|@tanstack\/(react-router|router-core|history|store|react-store|react-query|query-core)|i18next|react-i18next|openapi-fetch|openapi-react-query|use-sync-external-store|clsx)\//,
            },
            // What most pages share: one file instead of dozens of tiny ones. Dialogs go by themselves: many pages have
            // some, but none needs one to be shown first. So do the parts of forms and of long lists: the overview has
            // none.
            {
              name: "shared",
              minShareCount: 4,
              test: (id) =>
                ![OF_DIALOGS, OF_FIELDS, OF_FORMS, OF_NUMBERS, OF_LONG_LISTS, OF_TEMPLATES].some((of) =>
                  of.test(id),
                ),
            },
            // Before dialogs, which have them too.
            { name: "field", minShareCount: 4, test: OF_FIELDS },
            { name: "dialog", minShareCount: 4, test: OF_DIALOGS },
            // The largest of all fields, which few forms have.
            { name: "number", minShareCount: 2, test: OF_NUMBERS },
            { name: "list", minShareCount: 2, test: OF_LONG_LISTS },
            // Each of a dozen tiny files would be named in what a first visit loads.
            { name: "template", minShareCount: 2, test: OF_TEMPLATES },
            { name: "form", minShareCount: 4 },
            // What stands around every page, with its icons: a dozen tiny files otherwise.
            { name: "frame", test: /src\/frame\/(?!NavigationDrawer)/ },
          ],
        },
      },
    },
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    // A shared machine may be slow.
    testTimeout: 20_000,
    setupFiles: ["src/test/setup.ts"],
    css: false,
  },
});
