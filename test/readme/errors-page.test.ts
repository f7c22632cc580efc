import { readFile } from 'node:fs/promises';
import { ERRORS } from '../../src/common/error-table.js';

describe('docs/errors.md', () => {
  it('names every failure, as the code has it, and says what to do', async () => {
    const page = await readFile('docs/errors.md', 'utf8');
    const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| (\d+) \| (\d+) \| (.*) \| ([^|]+) \|$/gm)].map(
      ([, name, status, code, text]) => ({ name, status: Number(status), code: Number(code), text }),
    );

    expect(rows).toEqual(
      Object.entries(ERRORS).map(([name, { httpStatus, code, message }]) => ({
        name,
        status: httpStatus,
        code,
        text: message,
      })),
    );
  });
});
