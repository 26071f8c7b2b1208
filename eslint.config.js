import tseslint from "typescript-eslint";

const tensorFlow = {
  patterns: [
    {
      group: ["@tensorflow/*"],
      allowTypeImports: true,
      message:
        "Only src/operations, src/wasm-training, src/engine and src/kernels import TensorFlow.js.",
    },
  ],
};

export default tseslint.config(
  { ignores: ["dist/", "output/", "node_modules/", "**/*.js", "**/*.mjs"] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "max-lines": ["error", { max: 400, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": ["error", { max: 60, skipBlankLines: true, skipComments: true }],
      "no-restricted-properties": [
        "error",
        { object: "Math", property: "random", message: "Use the run's generator." },
      ],
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-restricted-imports": ["error", tensorFlow],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
    },
  },
  {
    files: ["src/operations/**", "src/wasm-training/**", "src/engine/**", "src/kernels/**"],
    rules: { "@typescript-eslint/no-restricted-imports": "off" },
  },
  {
    files: ["test/**", "bench/**"],
    rules: {
      "max-lines-per-function": "off",
      "@typescript-eslint/no-restricted-imports": "off",
      // jest's describe and it return void-like promises
      "@typescript-eslint/no-floating-promises": "off",
    },
  },
);
