/** Node runs these hooks in a separate thread. */
import { fileURLToPath } from 'node:url';
import { transformFile } from '@swc/core';

const isTypeScript = (url) => url?.split('?')[0].endsWith('.ts');

/** Sources import each other by the names of the built files. */
export const resolve = (specifier, context, next) =>
  isTypeScript(context.parentURL) && /^\.{1,2}\/.*\.js$/.test(specifier)
    ? next(specifier.replace(/\.js$/, '.ts'), context)
    : next(specifier, context);

export const load = async (url, context, next) => {
  if (!isTypeScript(url)) return next(url, context);
  const { code } = await transformFile(fileURLToPath(url.split('?')[0]), { sourceMaps: false });
  return { format: 'module', source: code, shortCircuit: true };
};
