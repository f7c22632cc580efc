const CHINESE_MOBILE = /^\+86(1\d{2})(\d{4})(\d{4})$/;

/** A number in groups, as people read it. One that the service has masked stays as it is. */
export const Phone = ({ number }: { readonly number: string | null }) =>
  number === null ? '–' : <span className="phone">{number.replace(CHINESE_MOBILE, '+86 $1 $2 $3')}</span>;
