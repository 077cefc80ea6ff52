from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy
def check(args, report):
    if args.resource_type.endswith(":Group"):
        raise ValueError("policy is broken")
PolicyPack("raises", [ResourceValidationPolicy(name="r", description="R.", validate=check, enforcement_level=EnforcementLevel.ADVISORY)])
