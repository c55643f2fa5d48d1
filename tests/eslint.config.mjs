// Lint of the dashboard (web/) and of the Node programs under tests/ and deploy/. Run by `npm --prefix tests run lint`.

import js from "@eslint/js";
import nounsanitized from "eslint-plugin-no-unsanitized";
import globals from "globals";

const strict = {
  curly: "error",
  eqeqeq: "error",
  "no-eval": "error",
  "no-implied-eval": "error",
  "no-new-func": "error",
  "no-shadow": "error",
  "no-var": "error",
  "prefer-const": "error",
  "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
  complexity: ["error", 20],
  "max-lines": ["error", 500],
  "max-lines-per-function": ["error", { max: 80, skipComments: true, skipBlankLines: true }],
};

const MODULE_WORDS = { fetch: "api.js", WebSocket: "stream.js" };

/** Only one module may use each of these; the others call it. */
function onlyIn(allowed) {
  const banned = Object.entries(MODULE_WORDS).filter(([, file]) => !allowed.includes(file));
  const format = allowed.includes("format.js")
    ? []
    : ["toFixed", "toLocaleString", "toPrecision", "toISOString"];
  return {
    "no-restricted-globals": [
      "error",
      ...banned.map(([name, file]) => ({ name, message: `only ${file} uses ${name}` })),
    ],
    "no-restricted-properties":
      format.length === 0
        ? "off"
        : [
            "error",
            ...format.map((property) => ({
              property,
              message: "only format.js makes text of numbers",
            })),
          ],
  };
}

export default [
  { ignores: ["**/node_modules/**", "**/*.d.ts"] },
  js.configs.recommended,
  {
    files: ["web/**/*.js"],
    plugins: { "no-unsanitized": nounsanitized },
    languageOptions: {
      ecmaVersion: 2022,
      sourceType: "module",
      globals: { ...globals.browser, Chart: "readonly" },
    },
    rules: {
      ...strict,
      ...onlyIn([]),
      "no-console": "error",
      "no-unsanitized/method": "error",
      "no-unsanitized/property": "error",
    },
  },
  ...["api.js", "stream.js", "format.js"].map((name) => ({
    files: [`web/${name}`],
    rules: onlyIn([name]),
  })),
  {
    files: ["tests/**/*.mjs", "api-spec/*.mjs", "deploy/**/*.mjs"],
    languageOptions: {
      ecmaVersion: 2022,
      sourceType: "module",
      globals: { ...globals.node, ...globals.browser },
    },
    rules: {
      ...strict,
      complexity: "off",
      curly: "off",
      "max-lines": ["error", 600],
      "max-lines-per-function": "off",
    },
  },
];
