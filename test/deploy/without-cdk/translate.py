"""Prints the CloudFormation template that SAM makes of the template named by the first argument."""

import json
import sys

import cfnlint.decode
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator


def plain(node):
    """The same without the positions that cfn-lint's reader keeps in its dicts, lists and texts."""
    if isinstance(node, dict):
        return {str(key): plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(value) for value in node]
    return str(node) if isinstance(node, str) else node


template, problems = cfnlint.decode.decode(sys.argv[1])
if problems:
    sys.exit("\n".join(str(problem) for problem in problems))
template = plain(template)
for resource in template["Resources"].values():
    # What `sam package` does: the code's folder is replaced by where it was uploaded to.
    if "CodeUri" in resource.get("Properties", {}):
        resource["Properties"]["CodeUri"] = "s3://uploaded/code.zip"
print(json.dumps(Translator({}, Parser()).translate(template, {})))
