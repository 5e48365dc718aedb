"""Microsoft's own clients against the simulated tenant, which tests/microsoft.rs starts and describes in the
environment. People are those of examples/users.json; each test changes people of its own."""

import json
import logging
import os
import sys
import unittest
from pathlib import Path

import msal
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CertificateCredential, ClientAssertionCredential, ClientSecretCredential
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.groups.groups_request_builder import GroupsRequestBuilder
from msgraph.generated.identity_governance.privileged_access.group.eligibility_schedule_instances import (
    eligibility_schedule_instances_request_builder as group_eligibilities,
)
from msgraph.generated.models.authentication_method import AuthenticationMethod
from msgraph.generated.models.authentication_phone_type import AuthenticationPhoneType
from msgraph.generated.models.directory_role import DirectoryRole
from msgraph.generated.models.fido2_authentication_method import Fido2AuthenticationMethod
from msgraph.generated.models.group import Group
from msgraph.generated.models.microsoft_authenticator_authentication_method import (
    MicrosoftAuthenticatorAuthenticationMethod,
)
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.password_authentication_method import PasswordAuthenticationMethod
from msgraph.generated.models.phone_authentication_method import PhoneAuthenticationMethod
from msgraph.generated.models.privileged_access_group_relationships import PrivilegedAccessGroupRelationships
from msgraph.generated.models.software_oath_authentication_method import SoftwareOathAuthenticationMethod
from msgraph.generated.models.windows_hello_for_business_authentication_method import (
    WindowsHelloForBusinessAuthenticationMethod,
)
from msgraph.generated.role_management.directory.role_assignment_schedule_instances import (
    role_assignment_schedule_instances_request_builder as role_schedules,
)
from msgraph.generated.role_management.directory.role_assignments.role_assignments_request_builder import (
    RoleAssignmentsRequestBuilder,
)
from msgraph.generated.role_management.directory.role_eligibility_schedule_instances import (
    role_eligibility_schedule_instances_request_builder as role_eligibilities,
)
from msgraph.generated.users.item.transitive_member_of.transitive_member_of_request_builder import (
    TransitiveMemberOfRequestBuilder,
)
from msgraph.generated.users.item.user_item_request_builder import UserItemRequestBuilder
from msgraph_core.tasks.page_iterator import PageIterator

BASE = os.environ["BASE_URL"]
HOST = BASE.removeprefix("https://")
SCOPE = "https://graph.microsoft.com/.default"
FILE = json.loads((Path(__file__).parents[2] / "examples" / "users.json").read_text())
TENANT = FILE["tenantId"]
APP = FILE["apps"][0]["clientId"]
SECRET = FILE["apps"][0]["secret"]
# Without the discovery of instances, in which azure-identity asks Microsoft whether this login is Microsoft's.
LOGIN = {"authority": BASE, "disable_instance_discovery": True}

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
USER_ADMINISTRATOR = "fe930be7-5e62-47db-91af-98c3a49a38b1"
HELPDESK_ADMINISTRATOR = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
MOBILE = "3179e48a-750b-4051-897c-87b9720928f7"
ALTERNATE_MOBILE = "b6332ec1-7057-4abe-9331-3d72feddfe41"
OFFICE = "e37fc753-ff3b-4958-9484-eaa9425c82bc"


def person(name):
    """The id of a person, by the first part of the sign-in name."""
    return next(user["id"] for user in FILE["users"] if user["userPrincipalName"].startswith(f"{name}@"))


def group(name):
    """The id of a group."""
    return next(group["id"] for group in FILE["groups"] if group["displayName"] == name)


def asking(parameters):
    """The query options of one request."""
    return RequestConfiguration(query_parameters=parameters)


def of(who):
    """The filter for what belongs to a person."""
    return f"principalId eq '{who}'"


class ATokenIsBought(unittest.TestCase):
    def test_with_a_secret(self):
        token = ClientSecretCredential(TENANT, APP, SECRET, **LOGIN).get_token(SCOPE)
        self.assertEqual(token.token.count("."), 2)

    def test_but_not_with_a_wrong_secret(self):
        with self.assertRaisesRegex(ClientAuthenticationError, "AADSTS7000215: Invalid client secret"):
            ClientSecretCredential(TENANT, APP, "wrong", **LOGIN).get_token(SCOPE)

    def test_with_a_certificate(self):
        credential = CertificateCredential(TENANT, APP, os.environ["APP_CERTIFICATE"], **LOGIN)
        self.assertTrue(credential.get_token(SCOPE).token)

    def test_but_not_with_a_certificate_that_is_not_registered(self):
        credential = CertificateCredential(TENANT, APP, os.environ["STRANGERS_CERTIFICATE"], **LOGIN)
        with self.assertRaisesRegex(ClientAuthenticationError, "AADSTS700027: .* not registered on application"):
            credential.get_token(SCOPE)

    def test_with_a_certificate_as_msal_itself_signs(self):
        pem = Path(os.environ["APP_CERTIFICATE"]).read_text()
        app = msal.ConfidentialClientApplication(
            APP,
            client_credential={"private_key": pem, "public_certificate": pem},
            authority=f"{BASE}/{TENANT}",
            instance_discovery=False,
        )
        answer = app.acquire_token_for_client([SCOPE])
        self.assertIn("access_token", answer, answer)

    def test_with_the_token_of_a_trusted_issuer(self):
        credential = ClientAssertionCredential(TENANT, APP, lambda: os.environ["AWS_TOKEN"], **LOGIN)
        self.assertTrue(credential.get_token(SCOPE).token)

    def test_but_not_with_a_token_for_another_role(self):
        credential = ClientAssertionCredential(TENANT, APP, lambda: os.environ["OTHER_AWS_TOKEN"], **LOGIN)
        with self.assertRaisesRegex(ClientAuthenticationError, "AADSTS700213: .* subject 'arn:aws:iam::123456789012:role/Other'"):
            credential.get_token(SCOPE)


class WithTheClient(unittest.IsolatedAsyncioTestCase):
    """A test that has a Graph client."""

    async def asyncSetUp(self):
        credential = ClientSecretCredential(TENANT, APP, SECRET, **LOGIN)
        provider = AzureIdentityAuthenticationProvider(
            credential, scopes=[SCOPE], allowed_hosts=[HOST, HOST.split(":")[0]]
        )
        self.adapter = GraphRequestAdapter(provider)
        self.adapter.base_url = f"{BASE}/v1.0"
        self.graph = GraphServiceClient(request_adapter=self.adapter)

    def user(self, name):
        return self.graph.users.by_user_id(person(name))

    async def refused(self, call, status, code, text):
        with self.assertRaises(ODataError) as raised:
            await call
        error = raised.exception
        self.assertEqual((error.response_status_code, error.error.code), (status, code))
        self.assertIn(text, error.error.message)
        self.assertTrue(error.error.inner_error.request_id)


class APerson(WithTheClient):
    async def test_is_found_by_id_and_by_name(self):
        adele = person("adele.vance")
        for name in [adele, "adele.vance@contoso.example"]:
            user = await self.graph.users.by_user_id(name).get()
            self.assertEqual((user.id, user.display_name), (adele, "Adele Vance"))

    async def test_from_another_tenant_is_found_by_the_long_name(self):
        name = "jordan_fabrikam.example#EXT#@contoso.example"
        wanted = asking(UserItemRequestBuilder.UserItemRequestBuilderGetQueryParameters(select=["id", "userType"]))
        user = await self.graph.users.by_user_id(name).get(request_configuration=wanted)
        self.assertEqual(user.user_type, "Guest")

    async def test_who_does_not_exist_is_a_typed_error(self):
        call = self.graph.users.by_user_id("unknown@contoso.example").get()
        await self.refused(call, 404, "Request_ResourceNotFound", "unknown@contoso.example")

    async def test_whose_sessions_are_revoked_has_to_sign_in_again(self):
        names = ["signInSessionsValidFromDateTime"]
        wanted = asking(UserItemRequestBuilder.UserItemRequestBuilderGetQueryParameters(select=names))
        megan = self.user("megan.bowen")
        before = await megan.get(request_configuration=wanted)
        self.assertIs((await megan.revoke_sign_in_sessions.post()).value, True)
        after = await megan.get(request_configuration=wanted)
        self.assertGreater(after.sign_in_sessions_valid_from_date_time, before.sign_in_sessions_valid_from_date_time)

    async def test_is_answered_for_after_the_pause_that_throttling_asks_for(self):
        user = await self.user("henrietta.mueller").get()
        self.assertEqual(user.display_name, "Henrietta Mueller (left)")


class TheMethods(WithTheClient):
    async def test_are_listed_with_their_types(self):
        methods = (await self.user("jane.doe").authentication.methods.get()).value
        expected = [
            PasswordAuthenticationMethod,
            MicrosoftAuthenticatorAuthenticationMethod,
            PhoneAuthenticationMethod,
            PhoneAuthenticationMethod,
            SoftwareOathAuthenticationMethod,
            Fido2AuthenticationMethod,
            WindowsHelloForBusinessAuthenticationMethod,
        ]
        self.assertEqual([type(method) for method in methods], expected)
        self.assertEqual(methods[1].display_name, "Jane's iPhone")
        self.assertEqual(methods[2].phone_type, AuthenticationPhoneType.Mobile)
        self.assertEqual(methods[2].phone_number, "+1 4255550112")
        self.assertEqual(methods[5].aa_guid, "90a3ccdf-635c-4729-a248-9b709135078f")

    async def test_of_a_type_that_the_client_does_not_know_are_listed_too(self):
        methods = (await self.user("megan.bowen").authentication.methods.get()).value
        unknown = [method.odata_type for method in methods if type(method) is AuthenticationMethod]
        self.assertIn("#microsoft.graph.somethingNewAuthenticationMethod", unknown)

    async def test_are_not_deleted_out_of_order(self):
        jane = self.user("jane.doe").authentication
        methods = (await jane.methods.get()).value
        app = next(one for one in methods if isinstance(one, MicrosoftAuthenticatorAuthenticationMethod))
        apps = jane.microsoft_authenticator_methods
        call = apps.by_microsoft_authenticator_authentication_method_id(app.id).delete()
        text = f"The requested authentication method id of [{app.id}] matches the user's current default"
        await self.refused(call, 400, "badRequest", text)
        call = jane.phone_methods.by_phone_authentication_method_id(MOBILE).delete()
        await self.refused(call, 400, "badRequest", "without first deleting alternate mobile number")
        self.assertEqual(len((await jane.methods.get()).value), len(methods))

    async def test_are_deleted_in_order_and_the_default_goes_last(self):
        adele = self.user("adele.vance").authentication
        ids = {type(method): method.id for method in (await adele.methods.get()).value}
        await adele.fido2_methods.by_fido2_authentication_method_id(ids[Fido2AuthenticationMethod]).delete()
        codes = adele.software_oath_methods
        await codes.by_software_oath_authentication_method_id(ids[SoftwareOathAuthenticationMethod]).delete()
        for phone in [OFFICE, ALTERNATE_MOBILE, MOBILE]:
            await adele.phone_methods.by_phone_authentication_method_id(phone).delete()
        app = ids[MicrosoftAuthenticatorAuthenticationMethod]
        apps = adele.microsoft_authenticator_methods
        await apps.by_microsoft_authenticator_authentication_method_id(app).delete()
        left = (await adele.methods.get()).value
        self.assertEqual([type(method) for method in left], [PasswordAuthenticationMethod])
        again = adele.phone_methods.by_phone_authentication_method_id(MOBILE).delete()
        await self.refused(again, 404, "resourceNotFound", "not found")

    async def test_that_the_app_may_not_delete_are_a_typed_error(self):
        jane = self.user("jane.doe").authentication
        passes = jane.temporary_access_pass_methods
        call = passes.by_temporary_access_pass_authentication_method_id(OFFICE).delete()
        await self.refused(call, 403, "accessDenied", "Request Authorization failed")

    async def test_of_a_person_in_a_restricted_unit_are_a_typed_error(self):
        isaiah = self.user("isaiah.langer").authentication
        app = (await isaiah.software_oath_methods.get()).value[0]
        call = isaiah.software_oath_methods.by_software_oath_authentication_method_id(app.id).delete()
        await self.refused(call, 403, "Authorization_RequestDenied", "Insufficient privileges")


class TheStanding(WithTheClient):
    async def test_through_groups_is_followed_page_by_page(self):
        page = asking(TransitiveMemberOfRequestBuilder.TransitiveMemberOfRequestBuilderGetQueryParameters(top=1))
        first = await self.user("nestor.wilke").transitive_member_of.get(request_configuration=page)
        found = []
        iterator = PageIterator(first, self.adapter)
        await iterator.iterate(lambda one: found.append(one) or True)
        self.assertEqual([type(one) for one in found], [Group, Group, DirectoryRole])
        self.assertEqual([one.is_assignable_to_role for one in found[:2]], [True, None])
        self.assertEqual(found[2].role_template_id, HELPDESK_ADMINISTRATOR)

    async def test_in_roles_is_filtered_by_principal(self):
        query = RoleAssignmentsRequestBuilder.RoleAssignmentsRequestBuilderGetQueryParameters
        roles = self.graph.role_management.directory.role_assignments
        for name, role, scope in [
            ("grace.admin", GLOBAL_ADMINISTRATOR, "/"),
            ("paul.activated", USER_ADMINISTRATOR, "/"),
            ("uma.unit", HELPDESK_ADMINISTRATOR, "/administrativeUnits/d1000000-0000-4000-8000-000000000001"),
        ]:
            wanted = asking(query(filter=of(person(name))))
            (only,) = (await roles.get(request_configuration=wanted)).value
            self.assertEqual((only.role_definition_id, only.directory_scope_id), (role, scope))

    async def test_in_pim_is_what_is_active_and_what_may_be_activated(self):
        directory = self.graph.role_management.directory
        builder = role_schedules.RoleAssignmentScheduleInstancesRequestBuilder
        wanted = builder.RoleAssignmentScheduleInstancesRequestBuilderGetQueryParameters
        for name, kind, ends in [("paul.activated", "Activated", True), ("petra.assigned", "Assigned", False)]:
            answer = await directory.role_assignment_schedule_instances.get(
                request_configuration=asking(wanted(filter=of(person(name))))
            )
            (only,) = answer.value
            self.assertEqual((only.assignment_type, only.end_date_time is not None), (kind, ends))
        builder = role_eligibilities.RoleEligibilityScheduleInstancesRequestBuilder
        wanted = builder.RoleEligibilityScheduleInstancesRequestBuilderGetQueryParameters
        answer = await directory.role_eligibility_schedule_instances.get(
            request_configuration=asking(wanted(filter=of(person("lidia.holloway"))))
        )
        self.assertEqual([one.role_definition_id for one in answer.value], [USER_ADMINISTRATOR])

    async def test_in_pim_for_groups_is_filtered_by_group_and_by_principal(self):
        list_of = self.graph.identity_governance.privileged_access.group.eligibility_schedule_instances
        builder = group_eligibilities.EligibilityScheduleInstancesRequestBuilder
        wanted = builder.EligibilityScheduleInstancesRequestBuilderGetQueryParameters
        operators = group("Identity operators")
        answer = await list_of.get(request_configuration=asking(wanted(filter=f"groupId eq '{operators}'")))
        member, owner = PrivilegedAccessGroupRelationships.Member, PrivilegedAccessGroupRelationships.Owner
        expected = {
            (person("gabriel.member"), member),
            (person("oscar.owner"), owner),
            (group("IT contractors"), member),
        }
        self.assertEqual({(one.principal_id, one.access_id) for one in answer.value}, expected)
        answer = await list_of.get(request_configuration=asking(wanted(filter=of(person("oscar.owner")))))
        self.assertEqual([(one.group_id, one.access_id) for one in answer.value], [(operators, owner)])

    async def test_of_groups_says_whether_they_can_have_roles(self):
        query = GroupsRequestBuilder.GroupsRequestBuilderGetQueryParameters(
            filter="isAssignableToRole eq true", select=["id", "displayName"], top=2
        )
        first = await self.graph.groups.get(request_configuration=asking(query))
        names = []
        iterator = PageIterator(first, self.adapter)
        await iterator.iterate(lambda one: names.append(one.display_name) or True)
        self.assertEqual(names, ["Service desk", "Identity operators", "Payroll approvers"])


if __name__ == "__main__":
    # What goes wrong is in the exceptions already.
    logging.disable()
    # Without warnings, which would be about connections that the libraries leave open.
    result = unittest.main(exit=False, verbosity=2, warnings="ignore").result
    # A test that was skipped has shown nothing.
    sys.exit(not result.wasSuccessful() or result.testsRun == 0 or bool(result.skipped))
