import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

const banned = [
  { selector: 'TSEnumDeclaration', message: 'A union of string literals says the same and is erased.' },
  { selector: 'ExportDefaultDeclaration', message: 'A thing has one name everywhere: export it by name.' },
  { selector: 'ExportAllDeclaration', message: 'Import from the file that owns the thing.' }
]

const tapSubtest = { from: 'package', name: 'PromiseWithSubtest', package: '@tapjs/core' }

export default defineConfig(
  { ignores: ['dist/', 'dist.new/', '.tap/'] },
  // What a rule forbids is changed here for everyone or not at all.
  { linterOptions: { noInlineConfig: true } },
  {
    rules: {
      complexity: ['error', 12],
      eqeqeq: 'error',
      'max-lines': ['error', { max: 300 }],
      'max-lines-per-function': ['error', { max: 50 }],
      'max-params': ['error', 4],
      'no-var': 'error',
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx', 'hack'] }],
      'object-shorthand': 'error',
      'prefer-const': 'error'
    }
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: 'test/tsconfig.json' } },
    rules: {
      'no-restricted-syntax': ['error', ...banned],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true }
      ]
    }
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      'max-lines-per-function': 'off',
      '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafePromises: [tapSubtest] }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      // A test without a call to t.end() is an async function, also when it waits for nothing.
      '@typescript-eslint/require-await': 'off'
    }
  },
  {
    files: ['**/*.mjs', '*.js'],
    rules: { 'no-unused-vars': 'error' }
  }
)
