import os, sys, pulumi
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy
def check(args, report):
    if args.resource_type.endswith(":Group"):
        print("hello from", pulumi.get_project(), pulumi.get_stack(), pulumi.runtime.is_dry_run(), os.path.basename(os.getcwd()), flush=True)
        pulumi.log.warn("careful")
        report("printed")
PolicyPack("prints", [ResourceValidationPolicy(name="r", description="R.", validate=check, enforcement_level=EnforcementLevel.ADVISORY)])
