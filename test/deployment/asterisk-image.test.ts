/** The image of deploy/asterisk. Its scripts are tested on a real Asterisk in test/asterisk/demo-phones.test.ts. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DockerfileParser, type Dockerfile, type JSONInstruction } from 'dockerfile-ast';
import { readComposeFile, type ComposeFile } from './compose-file.js';
import { REPOSITORY } from './repository.js';

const FOLDER = join(REPOSITORY, 'deploy/asterisk');

const partsOf = (instruction: JSONInstruction | undefined): string[] =>
  instruction?.getJSONStrings().map((part) => part.getJSONValue()) ?? [];

describe('the Dockerfile of Asterisk', () => {
  let dockerfile: Dockerfile;
  let compose: ComposeFile;
  let startScript: string;

  beforeAll(async () => {
    dockerfile = DockerfileParser.parse(await readFile(join(FOLDER, 'Dockerfile'), 'utf8'));
    compose = await readComposeFile();
    startScript = await readFile(join(FOLDER, 'start.sh'), 'utf8');
  });

  const textsOf = (keyword: string): (string | null)[] =>
    dockerfile
      .getInstructions()
      .filter((one) => one.getKeyword() === keyword)
      .map((one) => one.getArgumentsContent());

  it('is built by Compose, on a Debian release that has Asterisk', () => {
    expect(compose.services.asterisk.build).toBe('deploy/asterisk');
    expect(textsOf('FROM')).toEqual(['debian:forky-slim']);
  });

  it('runs our scripts as a non-root user', async () => {
    expect(textsOf('USER')).toEqual(['asterisk']);
    expect(partsOf(dockerfile.getCMDs()[0])).toEqual(['bash', '/opt/ringback/start.sh']);
    expect(textsOf('HEALTHCHECK')[0]).toContain('CMD ["bash", "/opt/ringback/healthy.sh"]');
    const copied = dockerfile.getCOPYs().flatMap((copy) => copy.getArguments().slice(0, -1));
    expect(copied.map((argument) => argument.getValue())).toEqual(['ringback.conf', 'start.sh', 'healthy.sh', 'etc']);
    for (const source of copied) await stat(join(FOLDER, source.getValue()));
  });

  it('writes only to the volume of Compose, and writes secrets only to memory', () => {
    const { volumes = [] } = compose.services.asterisk;

    expect(startScript).toContain('${KEPT:=/var/lib/ringback-asterisk}');
    expect(volumes).toEqual(['asterisk:/var/lib/ringback-asterisk']);
    expect(startScript).toContain('${FOLDER:=/tmp/asterisk}');
    expect(textsOf('RUN')[0]).toContain('ln -s /tmp/asterisk/etc /etc/asterisk');
  });

  it('exposes the ports that Asterisk listens on, and Compose publishes them', () => {
    const [, sip = '', ari = '', first = '', last = ''] =
      /SIP_PORT:=(\d+).*ARI_PORT:=(\d+).*RTP_FIRST:=(\d+).*RTP_LAST:=(\d+)/.exec(startScript) ?? [];

    expect(textsOf('EXPOSE')).toEqual([`${sip}/udp ${sip}/tcp ${ari}/tcp ${first}-${last}/udp`]);
    const published = [`${sip}:${sip}/udp`, `${sip}:${sip}/tcp`, `${first}-${last}:${first}-${last}/udp`];
    expect(compose.services.asterisk.ports).toEqual(published);
  });

  it('contains no secret, and start.sh requires every variable that Compose passes', () => {
    expect(textsOf('ENV').concat(textsOf('ARG'), textsOf('ADD'))).toEqual([]);
    const required = [...startScript.matchAll(/"\$\{(\w+)=\}"/g)].map(([, name]) => name);
    const given = Object.keys(compose.services.asterisk.environment ?? {});
    expect(required).toEqual(expect.arrayContaining(given));
  });
});

it('the shipped configuration names digest authentication as every version of Asterisk does', async () => {
  const folder = join(FOLDER, 'etc');
  const texts = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')));

  const types = texts.flatMap((text) =>
    [...text.matchAll(/^\s*auth_type\s*=\s*>?\s*([^\s;]*)/gm)].map(([, type]) => type),
  );

  // Asterisk 16 and early 18 do not know `digest`; later versions know both.
  expect(types).toEqual(['userpass']);
});
