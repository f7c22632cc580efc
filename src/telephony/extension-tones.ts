/**
 * A switchboard takes digits once its announcement has begun. Two seconds is the pause of a comma in a telephone's address book.
 * `w` is half a second, for Twilio as for Asterisk.
 */
const PAUSE = 'wwww';

export const extensionTones = (extension: string): string => `${PAUSE}${extension}`;
