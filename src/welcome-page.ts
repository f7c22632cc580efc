import type { Config } from './config/config.js';

/** What `npm start` prints on the embedded default: where everything is, and a first call to copy and paste. */
export const welcomePage = (url: string, { dataDir, simulatorSpeed, jwtSecret, jwtJwksUri }: Config): string => {
  const signsItself = !jwtSecret && !jwtJwksUri;
  const token = signsItself ? '$(npm run -s token -- 1001)' : 'YOUR_TOKEN';
  return `
  Ringback is ready.

    API       ${url}/v1/app
    Swagger   ${url}/docs
    Health    ${url}/health/ready
    Data      ${dataDir} (embedded PostgreSQL; set DATABASE_URL to use your own)
    Provider  simulator, at ${simulatorSpeed} times the pace of life

  Place a demo call, from user 1001 to user 2000, and watch it:

    TOKEN=${token}
    curl "${url}/v1/app/call/2000?access_token=$TOKEN"
    curl "${url}/v1/app/callState/CALLSID?access_token=$TOKEN"

  or let  npm run call -- 2000  do both. User 2001 is busy, 2002 does not answer; see the README for 2003 to 2013.
`;
};
