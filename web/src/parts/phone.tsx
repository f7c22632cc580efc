/** A mobile; an area code of 2 or 3 digits, or 400 and 800. */
const CHINESE = /^\+86(1[3-9]\d(?=\d{8}$)|10|2\d|[3-9]\d{2})(\d{3,4})(\d{4})$/;

/** In groups, and with an extension as people write it. A number that the service has masked stays as it is. */
export const phoneText = (number: string): string => {
  const [phone = '', extension] = number.split(';ext=');
  const groups = phone.replace(CHINESE, '+86 $1 $2 $3');
  return extension === undefined ? groups : `${groups} ext ${extension}`;
};

export const Phone = ({ number }: { readonly number: string | null }) =>
  number === null ? '–' : <span className="phone">{phoneText(number)}</span>;
