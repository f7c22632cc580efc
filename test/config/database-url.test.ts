import { databaseUrl, urlOfEachHost } from '../../src/config/database-url.js';

const problemOf = (url: string): string => {
  try {
    databaseUrl(url);
    return 'none';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('DATABASE_URL', () => {
  it.each(['tuna%eel', 'tuna#eel', 'tuna/eel', 'tuna?eel', '1/2', '1?2', 'tuna eel', 'tuna,eel%', 'tuna%E4eel'])(
    'with an unescaped character in its password is refused with the correct form, without the password: %s',
    (password) => {
      const problem = problemOf(`postgresql://user:${password}@host/database`);

      expect(problem).toMatch(/^expected %, .* to be written as %25, /);
      expect(problem).not.toMatch(/tuna|eel/);
    },
  );

  it.each([
    `postgresql://user:${encodeURIComponent('%#/?@: ')}@host/database`,
    'postgresql://user@localhost/database?host=%2Fvar%2Frun%2Fpostgresql',
    'postgresql://user@%2Fvar%2Frun%2Fpostgresql/database',
    'postgresql://user@/database?host=/var/run/postgresql',
    'postgresql://user:password@[::1]:5432/database?sslmode=require',
    'postgresql://user:pass,word@one:5432,two:5433/database',
    'postgresql://user@one,two/database',
    'postgresql://user@/database?host=one,two&port=5432,5433',
    'postgresql://host/database?user=reader&password=secret&target_session_attrs=read-write',
    'postgresql://user@host/database?ssl=true&sslnegotiation=direct',
    'postgresql://user@host/database?sslmode=require&uselibpqcompat=true',
  ])('is accepted: %s', (url) => {
    expect(databaseUrl(url)).toBe(url);
  });

  it.each([
    ['ssl_mode=verify-full', /^expected no parameter ssl_mode in its query; known are /],
    ['sslMode=require', /^expected no parameter sslMode /],
    ['SSLMODE=require', /^expected no parameter SSLMODE /],
    ['sslmode=', /^expected sslmode to be one of disable, /],
    ['sslmode=allow', /^expected sslmode to be one of /],
    ['sslmode=verify_full', /^expected sslmode to be one of /],
    ['sslmode=require&sslmode=disable', /^expected the parameter sslmode once$/],
    ['ssl=', /^expected ssl to be one of true, 1, 0$/],
    ['ssl=on', /^expected ssl to be one of /],
    ['ssl=true&sslmode=disable', /^expected ssl or sslmode, not both$/],
    ['uselibpqcompat=1&sslmode=require', /^expected uselibpqcompat to be one of true, false$/],
    ['sslnegotiation=Direct', /^expected sslnegotiation to be one of postgres, direct$/],
    ['target_session_attrs=standby', /^expected target_session_attrs to be one of read-write$/],
    ['sslmode=disable&sslnegotiation=direct', /^expected no sslnegotiation where TLS is off; sslmode=verify-full /],
    ['sslmode=disable&sslrootcert=ca.pem', /^expected no sslrootcert where TLS is off; sslmode=verify-full /],
    ['ssl=0&sslkey=key.pem', /^expected no sslkey where TLS is off; /],
    ['sslmode=verify-full&sslrootcert=system', /^expected a file in sslrootcert; without it, the authorities /],
  ])('with a parameter that would be ignored is refused: %s', (query, problem) => {
    expect(problemOf(`postgresql://user:tuna@host/database?${query}`)).toMatch(problem);
  });

  it.each([
    ['sslrootcert', 'certificate', 'CERTIFICATE'],
    ['sslcert', 'certificate', 'CERTIFICATE'],
    ['sslkey', 'private key', 'PRIVATE KEY'],
  ])('is refused when the file of %s contains no %s', (name, content, label) => {
    expect(problemOf(`postgresql://user@host/database?sslmode=require&${name}=package.json`)).toBe(
      `the file of ${name} holds no ${content} (-----BEGIN ${label}-----)`,
    );
  });

  it('is refused when a certificate file cannot be read', () => {
    expect(problemOf('postgresql://user@host/database?sslmode=require&sslrootcert=/nowhere/ca.pem')).toBe(
      'the file of sslrootcert cannot be read (ENOENT)',
    );
  });

  it.each([
    'postgresql://user:tuna@one:two/database',
    'postgresql://user:tuna@one:99999/database',
    'postgresql://user:tuna@one:5432,two:0/database',
    'postgresql://user:tuna@::1:5432/database',
    'postgresql://user:tuna@one/database?port=x',
    'postgresql://user:tuna@one:5432,/database',
    'postgresql://user:tuna@,one/database',
    'postgresql://user:tuna@/database?host=one,,two',
  ])('with a malformed host or port is refused, without the password: %s', (url) => {
    expect(problemOf(url)).toBe('expected hosts as name, name:port or [IPv6]:port, comma-separated');
  });

  it.each([
    ['postgresql://user:p,w@one/database', ['postgresql://user:p,w@one/database']],
    [
      'postgresql://user:p,w@one:1,[::2]:2,three/database?sslmode=require',
      [
        'postgresql://user:p,w@one:1/database?sslmode=require',
        'postgresql://user:p,w@[::2]:2/database?sslmode=require',
        'postgresql://user:p,w@three/database?sslmode=require',
      ],
    ],
    [
      'postgresql://user@%2Fone,%2Ftwo/database',
      ['postgresql://user@%2Fone/database', 'postgresql://user@%2Ftwo/database'],
    ],
    [
      'postgresql:///database?host=/one,/two&port=1,2',
      ['postgresql:///database?host=%2Fone&port=1', 'postgresql:///database?host=%2Ftwo&port=2'],
    ],
    ['postgresql://one', ['postgresql://one']],
  ])('%s is split into one URL per host', (url, urls) => {
    expect(urlOfEachHost(url)).toEqual(urls);
  });
});
