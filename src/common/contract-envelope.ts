/** The envelope of the contract's replies. Clients of 2016 know it to the byte, the order of its keys included. */

/** @returns the body of a success, as an object */
export const success = <T>(data: T) => ({ data, returnCode: 200, returnMsg: 'success' });

/** @param data JSON, which goes out as it is */
export const successText = (data: string): string => `{"data":${data},"returnCode":200,"returnMsg":"success"}`;

export const failure = (returnCode: number, returnMsg: string) => ({ returnCode, returnMsg });
