/** A private certificate authority and one certificate that it signs, made with this machine's openssl. */
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Certificate {
  /** The base name of its files. */
  readonly name: string;
  /** The subjectAltName, such as `DNS:calls.example.com`. */
  readonly subject: string;
}

/** Writes ca.pem, `name`.pem and `name`.key to the folder. */
export const makeCertificate = async (folder: string, { name, subject }: Certificate): Promise<void> => {
  const openssl = (...options: string[]): void => {
    execFileSync('openssl', options, { cwd: folder, stdio: 'ignore' });
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=An authority', '-days', '9');
  openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
  await writeFile(join(folder, 'names'), `subjectAltName=${subject}\n`);
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names', '-days', '9'];
  openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...signed);
};
