import { readFile } from 'node:fs/promises';
import { ERRORS } from '../../src/common/error-table.js';

describe.each(['docs/errors.md', 'docs/zh/errors.md'])('%s', (file) => {
  it('lists every error with its status, code and text from the source, and with advice', async () => {
    const page = await readFile(file, 'utf8');
    const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| (\d+) \| (\d+) \| (.*) \| ([^|]+) \|$/gm)].map(
      ([, error, status, code, text]) => ({ name: error, status: Number(status), code: Number(code), text }),
    );

    expect(rows).toEqual(
      Object.entries(ERRORS).map(([error, { httpStatus, code, message }]) => ({
        name: error,
        status: httpStatus,
        code,
        text: message,
      })),
    );
  });
});
