// Ids as they come from the command line: a malformed one is wrong usage, whatever it is called elsewhere.
import { messageOf } from "../../shared/errors.ts";
import {
  parseCompanyId,
  parsePersonId,
  parseTargetId,
  type CompanyId,
  type PersonId,
  type TargetId,
} from "../../shared/ids.ts";
import { CommandError } from "./exit-codes.ts";

export const targetArgument = (text: string): TargetId => argument(parseTargetId, text);
export const personArgument = (text: string): PersonId => argument(parsePersonId, text);
export const companyArgument = (text: string): CompanyId => argument(parseCompanyId, text);

function argument<Id>(parse: (text: string) => Id, text: string): Id {
  try {
    return parse(text);
  } catch (thrown) {
    throw new CommandError("usage", messageOf(thrown));
  }
}
