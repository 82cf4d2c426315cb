import { Bitfield } from './bitfield.ts';

/** The pieces of a picture, one character each: `x` had, `.` not; spaces only please the eye. */
export function fieldOf(picture: string): Bitfield {
  const pieces = picture.replaceAll(' ', '');
  const field = new Bitfield(pieces.length);
  for (let index = 0; index < pieces.length; index++) if (pieces[index] === 'x') field.add(index);
  return field;
}

/** The picture of a field, without spaces. */
export function pictureOf(field: Bitfield): string {
  return Array.from({ length: field.length }, (_, index) => (field.has(index) ? 'x' : '.')).join(
    '',
  );
}
