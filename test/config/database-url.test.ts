import { databaseUrl } from '../../src/config/database-url.js';

const problemOf = (url: string): string => {
  try {
    databaseUrl(url);
    return 'none';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('DATABASE_URL', () => {
  it.each(['tuna%eel', 'tuna#eel', 'tuna/eel', 'tuna?eel', '1/2', '1?2', 'tuna eel'])(
    'with a raw character in its password is refused with how to write it, and without the password: %s',
    (password) => {
      const problem = problemOf(`postgresql://user:${password}@host/database`);

      expect(problem).toMatch(/^expected %, .* to be written as %25, /);
      expect(problem).not.toMatch(/tuna|eel/);
    },
  );

  it.each([
    `postgresql://user:${encodeURIComponent('%#/?@: ')}@host/database`,
    'postgresql://user@localhost/database?host=%2Fvar%2Frun%2Fpostgresql',
    'postgresql://user@/database?host=/var/run/postgresql',
    'postgresql://user:password@[::1]:5432/database?sslmode=require',
  ])('is taken: %s', (url) => {
    expect(databaseUrl(url)).toBe(url);
  });

  it('names a certificate file that cannot be read', () => {
    expect(problemOf('postgresql://user@host/database?sslmode=require&sslrootcert=/nowhere/ca.pem')).toBe(
      'the file of sslrootcert cannot be read (ENOENT)',
    );
  });

  it.each(['postgresql://user@one,two/database', 'postgresql://user@one:5432,two:5432/database'])(
    'has one host: %s',
    (url) => {
      expect(problemOf(url)).toBe('expected one host');
    },
  );
});
